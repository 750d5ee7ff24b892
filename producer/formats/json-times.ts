type Members = Readonly<Record<string, unknown>>;

/** Names that end as those of times do: `haproxy_timestamp`, `started_at`, `last_seen`, `EventTime`; the better ones first. */
const NAMES: readonly RegExp[] = [
  /(?:^|[_.@-]|(?<=[a-z])(?=T))(?:time_?stamp|timestamp_?(?:ms|us|ns))$/i,
  /(?:^|[_.-]|(?<=[a-z])(?=[TD]))(?:time|date|date_?time|ts)$/i,
  /(?:[_.-]|(?<=[a-z])(?=A))(?:at|on)$/i,
  /(?:^|_)(?:last_)?(?:seen|changed|updated)$/i,
];
/** Such names say when something is to be, or has been long before. */
const OTHERS = /expir|valid|until|deadline|birth|renew|schedul|next|_after|_before/i;
/** Of a date and a clock, whatever stands between. */
const WRITTEN =
  /^(?:\d{4}[-/.]\d{2}[-/.]\d{2}[T ]\d{2}:\d{2}|\d{1,2}[-/. ](?:\d{1,2}|[A-Za-z]{3})[-/. ]\d{4}[T :]\d{2}:\d{2})/;
/** Seconds, milli-, micro- or nanoseconds since 1970, from 2001 on. */
const SINCE_EPOCH = /^[12]\d{9}(?:\.\d{1,9}|\d{3}|\d{6}|\d{9})?$/;

/** The time of an object whose own name for it nobody else has; undefined where there is none. */
export function timeWithin(object: Members): unknown {
  const names = Object.keys(object).filter((name) => !OTHERS.test(name) && isTime(object[name]));
  for (const ending of NAMES) {
    const name = names.find((one) => ending.test(one));
    if (name !== undefined) return object[name];
  }
  return undefined;
}

function isTime(value: unknown): boolean {
  if (typeof value === 'number') return SINCE_EPOCH.test(String(value));
  return typeof value === 'string' && (WRITTEN.test(value) || SINCE_EPOCH.test(value));
}
