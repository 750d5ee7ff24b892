import { useSearchParams } from 'wouter';
import { whenToSecond } from '../parts/wording.js';

/** A range of time as the URL holds it. Those that end now count from the newest event, for a log may be of last year. */
export interface TimeRange {
  readonly from: string;
  readonly to: string | undefined;
  readonly spanMs: number;
  readonly isLive: boolean;
  readonly label: string;
}

export const SPANS = [
  { value: '5m', label: 'Last 5 min', ms: 300_000 },
  { value: '15m', label: 'Last 15 min', ms: 900_000 },
  { value: '30m', label: 'Last 30 min', ms: 1_800_000 },
  { value: '1h', label: 'Last 1 h', ms: 3_600_000 },
  { value: '6h', label: 'Last 6 h', ms: 21_600_000 },
  { value: '24h', label: 'Last 24 h', ms: 86_400_000 },
  { value: '7d', label: 'Last 7 days', ms: 604_800_000 },
] as const;

const USUAL = SPANS[2];
/** In the URL: what a range is compared with. */
export const COMPARE = 'compare';
export const BEFORE = 'before';

interface Span {
  readonly value: string;
  readonly label: string;
  readonly ms: number;
}

const UNITS = { s: ['s', 1_000], m: ['min', 60_000], h: ['h', 3_600_000], d: ['days', 86_400_000] } as const;

/** A length before now as the URL has it: one of those that are offered, or any other, such as now-45m. */
function spanIn(from: string | null): Span | undefined {
  const offered = SPANS.find(({ value }) => from === `now-${value}`);
  const [, count, unit] = /^now-([1-9]\d{0,5})([smhd])$/.exec(from ?? '') ?? [];
  if (offered !== undefined || count === undefined || unit === undefined) return offered;
  const [word, ms] = UNITS[unit as keyof typeof UNITS];
  return { value: `${count}${unit}`, label: `Last ${count} ${word}`, ms: Number(count) * ms };
}

export function rangeOf(from: string | null, to: string | null): TimeRange {
  const span = spanIn(from) ?? (from === null ? USUAL : undefined);
  if (span !== undefined && to === null) {
    return { from: `latest-${span.value}`, to: undefined, spanMs: span.ms, isLive: true, label: span.label };
  }
  const start = Number(from);
  const end = Number(to);
  if (!Number.isFinite(start) || !Number.isFinite(end) || end <= start) return rangeOf(null, null);
  return {
    from: String(start),
    to: String(end),
    spanMs: end - start,
    isLive: false,
    label: `${whenToSecond(start)} to ${whenToSecond(end, start)}`,
  };
}

/** As long a time before it. */
export function rangeBefore({ from, spanMs, to, ...range }: TimeRange): TimeRange {
  if (to !== undefined) return { ...range, spanMs, from: String(Number(from) - spanMs), to: from };
  const seconds = spanMs / 1000;
  return { ...range, spanMs, from: `latest-${2 * seconds}s`, to: `latest-${seconds}s` };
}

/** The time before that the page's range is compared with, if it is. */
export function useRangeBefore(): TimeRange | undefined {
  const [search] = useSearchParams();
  const range = useRange();
  return search.get(COMPARE) === BEFORE ? rangeBefore(range) : undefined;
}

export function useRange(): TimeRange {
  const [search] = useSearchParams();
  return rangeOf(search.get('from'), search.get('to'));
}

/** Where a range begins and ends, in milliseconds since the epoch; one that ends now ends at the newest event. */
export function boundsOf({ from, spanMs, to }: TimeRange, newest: number): { from: number; to: number } {
  return to === undefined ? { from: newest - spanMs, to: newest } : { from: Number(from), to: Number(to) };
}

/** What a request of the range asks for. */
export function rangeQuery({ from, to }: TimeRange): { from: string; to?: string } {
  return to === undefined ? { from } : { from, to };
}

/** A path with the range of this page, so that it goes along. */
export function useRangeLink(): (path: string, query?: Readonly<Record<string, string>>) => string {
  const [search] = useSearchParams();
  return (path, query = {}) => {
    const next = new URLSearchParams(query);
    for (const name of ['from', 'to', COMPARE]) {
      const value = search.get(name);
      if (value !== null && !next.has(name)) next.set(name, value);
    }
    const text = next.toString();
    return text === '' ? path : `${path}?${text}`;
  };
}
