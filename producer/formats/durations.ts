/** What a name says of the unit of a duration: `response_time_ms`, `latencyMs`, `duration_in_seconds`. */
const DURATION =
  /^(?:request|response|req|resp|total|processing|process|upstream)?_?(?:time|duration|latency|elapsed|took)(?:_?(?:in_)?(ms|msecs?|millis(?:ecs?|econds)?|[uµ]s|usecs?|micros(?:ecs?|econds)?|ns|nsecs?|nanos(?:ecs?|econds)?|s|secs?|seconds))?$/i;
const SECONDS: Readonly<Record<string, number>> = { m: 1e-3, u: 1e-6, µ: 1e-6, μ: 1e-6, n: 1e-9, s: 1 };
/** A name that says both what it is and nothing of its unit. */
const WITHOUT_UNIT = /^(?:response_?time|latency|elapsed)$/i;

/** A value that says its unit itself: `1.25ms`. */
const WITH_UNIT = /^(\d{1,12}(?:\.\d{1,9})?) ?([nuµμm]?s)$/;
/** What is longer is no duration: `time_ms` may be when it was. */
const LONGEST_SECONDS = 86_400;

/**
 * The seconds of a duration, by the unit of its value or its name; without one they are seconds where there is a fraction,
 * and else milliseconds.
 */
export function durationIn(object: Record<string, unknown>): number | undefined {
  // APISIX writes milliseconds, and beside them its own share.
  if ('apisix_latency' in object && typeof object['latency'] === 'number') return object['latency'] / 1000;
  // Echo writes nanoseconds, and beside them `"latency_human": "1.25ms"`.
  if ('latency_human' in object && typeof object['latency'] === 'number') return object['latency'] / 1e9;
  for (const name in object) {
    const value = object[name];
    if (value === null || value === '' || (typeof value !== 'number' && typeof value !== 'string')) continue;
    const [is, unit] = DURATION.exec(name) ?? [];
    const seconds = is === undefined ? undefined : secondsOf(value, name, unit);
    if (seconds !== undefined && seconds <= LONGEST_SECONDS) return seconds;
  }
  return undefined;
}

function secondsOf(value: number | string, name: string, unit: string | undefined): number | undefined {
  const [, count, itsUnit] = typeof value === 'string' ? (WITH_UNIT.exec(value) ?? []) : [];
  if (count !== undefined && itsUnit !== undefined) return Number(count) * inSeconds(itsUnit);
  const number = Number(value);
  if (!Number.isFinite(number)) return undefined;
  if (unit !== undefined) return number * inSeconds(unit);
  return WITHOUT_UNIT.test(name) ? number * (Number.isInteger(number) ? 1e-3 : 1) : undefined;
}

function inSeconds(unit: string): number {
  return SECONDS[unit.toLowerCase().replace('micros', 'u').charAt(0)] ?? 1;
}
