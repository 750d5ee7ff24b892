import { z } from 'zod';
import type { Range } from '../parameters.js';
import type { LiveResults } from './live-results.js';
import { requestWindows } from './request-windows.js';

const nullableNumber = z.number().nullable();

export const systemFigures = z
  .object({
    events_per_s: z
      .number()
      .meta({ description: 'Lines and requests, from `service-health`, `traffic` and `web-stats-topic`.' }),
    error_rate: nullableNumber.meta({
      description:
        'The share of lines of level ERROR or CRITICAL and of responses of status 500 to 599; null without events.',
    }),
    p50_ms: nullableNumber.meta({ description: 'Of the response times in memory.' }),
    p95_ms: nullableNumber,
    active_sessions: nullableNumber.meta({
      description: 'Different `session_id`s of the lines in memory; null where there are none.',
    }),
    bytes_per_s: z.number(),
    open_incidents: z.int().meta({ description: 'That were open at some time in it.' }),
    lag_ms: nullableNumber.meta({ description: 'How far the pipeline is behind; null where it is not known.' }),
  })
  .meta({ id: 'SystemFigures' });

export const systemPoint = z
  .object({
    time: z.number(),
    requests: z.number(),
    errors_5xx: z.number(),
    lines: z.number(),
    error_lines: z.number(),
    p95_ms: nullableNumber.meta({ description: 'The highest of the windows of the step.' }),
  })
  .meta({ id: 'SystemPoint' });

type Point = z.output<typeof systemPoint>;

/** What all that comes is like, by steps. A window belongs to the step in which it starts. */
export function systemSeries(live: LiveResults, { from, to }: Range, step: number): Point[] {
  const points = new Map<number, Point>();
  const at = (time: number): Point | undefined => {
    if (time < from || time >= to) return undefined;
    const start = Math.floor(time / step) * step;
    let point = points.get(start);
    if (point === undefined) {
      point = { time: start, requests: 0, errors_5xx: 0, lines: 0, error_lines: 0, p95_ms: null };
      points.set(start, point);
    }
    return point;
  };
  for (const web of requestWindows(live.traffic, live.webStatistics)) {
    const point = at(web.window_start);
    if (point === undefined) continue;
    point.requests += web.requests;
    point.errors_5xx += web.errors_5xx;
    point.p95_ms = highest(point.p95_ms, web.p95_response_time);
  }
  for (const health of live.serviceHealth) {
    const point = at(health.window_start);
    if (point === undefined) continue;
    point.lines += health.count;
    point.error_lines += Math.round(health.error_rate * health.count);
    point.p95_ms = highest(point.p95_ms, health.p95_response_time);
  }
  return [...points.values()].sort((one, other) => one.time - other.time);
}

/** The figures of a range, from the windows that lie in it. */
export function systemFiguresOf(live: LiveResults, range: Range, isNow: boolean): z.output<typeof systemFigures> {
  let events = 0;
  let failed = 0;
  let bytes = 0;
  const covered = { web: new Covered(), services: new Covered() };
  const rates = { events: 0, bytes: 0 };
  for (const web of requestWindows(live.traffic, live.webStatistics)) {
    if (!overlaps(web, range)) continue;
    covered.web.add(web);
    events += web.requests;
    failed += web.errors_5xx;
    bytes += web.bytes ?? 0;
  }
  rates.events += covered.web.perSecond(events);
  rates.bytes += covered.web.perSecond(bytes);
  let lines = 0;
  let lineBytes = 0;
  for (const health of live.serviceHealth) {
    if (!overlaps(health, range)) continue;
    covered.services.add(health);
    lines += health.count;
    failed += Math.round(health.error_rate * health.count);
    lineBytes += health.bytes;
  }
  rates.events += covered.services.perSecond(lines);
  rates.bytes += covered.services.perSecond(lineBytes);
  const { sessions, times } = linesIn(live, range);
  return {
    events_per_s: rates.events,
    error_rate: events + lines === 0 ? null : failed / (events + lines),
    p50_ms: percentile(times, 0.5),
    p95_ms: percentile(times, 0.95),
    active_sessions: sessions,
    bytes_per_s: rates.bytes,
    open_incidents: openIncidents(live, range, isNow),
    lag_ms: isNow ? lagOf(live) : null,
  };
}

/** How much of time windows cover together, those of one start once. */
class Covered {
  readonly #starts = new Map<number, number>();

  add({ window_end, window_start }: { readonly window_start: number; readonly window_end: number }): void {
    this.#starts.set(window_start, window_end - window_start);
  }

  perSecond(sum: number): number {
    const ms = [...this.#starts.values()].reduce((total, length) => total + length, 0);
    return ms === 0 ? 0 : (sum * 1000) / ms;
  }
}

function overlaps(
  window: { readonly window_start: number; readonly window_end: number },
  { from, to }: Range,
): boolean {
  return window.window_end > from && window.window_start < to;
}

function linesIn(live: LiveResults, { from, to }: Range): { sessions: number | null; times: number[] } {
  const sessions = new Set<string>();
  const times: number[] = [];
  for (const source of ['services', 'requests'] as const) {
    for (const { time, value } of live.ringOf(source)?.newest() ?? []) {
      if (time < from || time >= to) continue;
      const { request_time: seconds, response_time: ms, session_id: session } = value;
      if (typeof session === 'string') sessions.add(session);
      if (typeof ms === 'number') times.push(ms);
      else if (typeof seconds === 'number') times.push(seconds * 1000);
    }
  }
  return { sessions: sessions.size === 0 ? null : sessions.size, times };
}

function percentile(values: number[], share: number): number | null {
  if (values.length === 0) return null;
  values.sort((one, other) => one - other);
  return values[Math.max(0, Math.ceil(share * values.length) - 1)] ?? null;
}

function openIncidents(live: LiveResults, { from, to }: Range, isNow: boolean): number {
  let open = 0;
  for (const incident of live.incidents) {
    const { opened, resolved, state } = live.withActions(incident);
    if (isNow ? state !== 'resolved' : opened < to && (resolved === null || resolved >= from)) open++;
  }
  return open;
}

function lagOf(live: LiveResults): number | null {
  const lags = live.status.flatMap(({ partitions }) =>
    Array.isArray(partitions) ? partitions.map((one: { lag_ms?: unknown }) => one.lag_ms) : [],
  );
  return lags.reduce<number | null>((most, lag) => (typeof lag === 'number' ? highest(most, lag) : most), null);
}

function highest(one: number | null, other: number | null): number | null {
  return one === null ? other : other === null ? one : Math.max(one, other);
}
