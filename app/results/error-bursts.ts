import type { Serde } from '@millrace/streams';
import type { HostServerErrors } from '../../schemas/records.js';

/** Windows that are kept as they are, for they may still change; of more, the older half is kept as bursts. */
const KEPT_WINDOWS = 20_000;
/** Of more bursts that are over, the half with fewer errors is forgotten. */
const KEPT_BURSTS = 2000;

/** Windows of a host that overlap, or follow each other at once. */
export interface ErrorBurst {
  readonly host: string;
  /** Of its windows: [start, end). */
  readonly start: number;
  readonly end: number;
  /** The first and the last error; milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  /** The window with the most errors, of these the one with the fewest requests. */
  readonly worst: HostServerErrors;
}

/** Bursts of server errors, as their windows come, change and go. */
export class ErrorBursts {
  records = 0;
  /** By their records' keys. */
  readonly #windows = new Map<string, HostServerErrors>();
  readonly #keptWindows: number;
  readonly #keptBursts: number;
  #past: readonly ErrorBurst[] = [];
  #forgotten = 0;

  constructor(
    readonly topic: string,
    readonly serde: Serde<HostServerErrors>,
    { bursts = KEPT_BURSTS, windows = KEPT_WINDOWS } = {},
  ) {
    this.#keptBursts = bursts;
    this.#keptWindows = windows;
  }

  /** The bursts, those with the most errors in a window first; and how many there were. */
  get all(): { readonly bursts: readonly ErrorBurst[]; readonly count: number } {
    const bursts = joined([...this.#past, ...[...this.#windows.values()].map(burstOf)]).sort(byErrors);
    return { bursts, count: bursts.length + this.#forgotten };
  }

  add(window: HostServerErrors): void {
    this.records++;
    this.#windows.set(`${window.host}@${window.window_start}`, window);
    if (this.#windows.size > this.#keptWindows) this.#fold();
  }

  /** A window that is no burst after all. */
  delete(key: string): void {
    this.#windows.delete(key);
  }

  #fold(): void {
    const byAge = [...this.#windows].sort(([, one], [, other]) => one.window_start - other.window_start);
    const oldest = byAge.slice(0, Math.ceil(byAge.length / 2));
    for (const [key] of oldest) this.#windows.delete(key);
    const past = joined([...this.#past, ...oldest.map(([, window]) => burstOf(window))]).sort(byErrors);
    const kept = past.length > this.#keptBursts ? Math.ceil(this.#keptBursts / 2) : past.length;
    this.#forgotten += past.length - kept;
    this.#past = past.slice(0, kept);
  }
}

function burstOf(window: HostServerErrors): ErrorBurst {
  const { first_error: from, host, last_error: to, window_end: end, window_start: start } = window;
  return { host, start, end, from, to, worst: window };
}

/** Those of a host that overlap, or follow each other at once, are one. */
function joined(parts: readonly ErrorBurst[]): ErrorBurst[] {
  const lastOf = new Map<string, number>();
  const bursts: ErrorBurst[] = [];
  for (const part of parts.toSorted((one, other) => one.start - other.start)) {
    const place = lastOf.get(part.host);
    const last = place === undefined ? undefined : bursts[place];
    if (place === undefined || last === undefined || part.start > last.end) {
      lastOf.set(part.host, bursts.push(part) - 1);
      continue;
    }
    bursts[place] = {
      ...last,
      end: Math.max(last.end, part.end),
      from: Math.min(last.from, part.from),
      to: Math.max(last.to, part.to),
      worst: isWorse(part.worst, last.worst) ? part.worst : last.worst,
    };
  }
  return bursts;
}

function isWorse(one: HostServerErrors, other: HostServerErrors): boolean {
  return one.count > other.count || (one.count === other.count && one.requests < other.requests);
}

function byErrors(one: ErrorBurst, other: ErrorBurst): number {
  return other.worst.count - one.worst.count || one.from - other.from;
}
