/** What is wrong, as a program's log shows it. */
interface LogChange {
  /** Shares of statuses besides. */
  readonly statuses?: Readonly<Record<number, number>>;
  /** Times so many times as long; of a share of the requests. */
  readonly slower?: number;
  readonly slowShare?: number;
  /** So many times as many requests. */
  readonly traffic?: number;
  /** Of one instance, or of one path alone. */
  readonly of?: 'instance' | 'path';
  /** Those who ask this one have their share of it. */
  readonly spreads?: boolean;
  /** One client asks so many times a second besides. */
  readonly client?: { readonly perSecond: number; readonly status: number };
}

/** A fault in parts, one after the other. */
interface LogFaultKind {
  readonly parts: readonly (LogChange & { readonly seconds: number })[];
}

const lasting = (change: LogChange, seconds = 180): LogFaultKind => ({ parts: [{ ...change, seconds }] });

export const LOG_FAULTS = {
  'down: all fail': lasting({ statuses: { 503: 1 } }),
  'a quarter fails': lasting({ statuses: { 500: 0.25 } }),
  'one in fifteen fails': lasting({ statuses: { 502: 0.07 } }),
  'nothing is logged': lasting({ traffic: 0 }),
  'a third comes': lasting({ traffic: 0.33 }),
  'five times as many': lasting({ traffic: 5 }),
  'four times as slow': lasting({ slower: 4 }),
  'twice as slow': lasting({ slower: 2 }),
  'one in eight is slow': lasting({ slower: 15, slowShare: 0.12 }),
  'a path fails': lasting({ statuses: { 500: 0.9 }, of: 'path' }, 240),
  'an instance fails': lasting({ statuses: { 500: 0.6 }, of: 'instance' }, 240),
  'an overload': {
    parts: [
      { slower: 3, seconds: 60 },
      { slower: 8, statuses: { 503: 0.2 }, seconds: 60 },
      { slower: 12, statuses: { 503: 0.6 }, traffic: 0.35, seconds: 120 },
      { slower: 2, traffic: 0.7, seconds: 45 },
    ],
  },
  'an overload, and of who asks': {
    parts: [
      { slower: 3, spreads: true, seconds: 60 },
      { slower: 8, statuses: { 503: 0.3 }, spreads: true, seconds: 120 },
    ],
  },
  'a storm of retries': {
    parts: [
      { statuses: { 503: 0.5 }, traffic: 1.5, seconds: 30 },
      { statuses: { 503: 0.7 }, traffic: 4, slower: 3, seconds: 90 },
    ],
  },
  'all must sign in again': lasting({ statuses: { 401: 0.7 } }),
  'links are broken': lasting({ statuses: { 404: 0.4 } }),
  'a client scans': lasting({ client: { perSecond: 12, status: 404 } }, 120),
  'a client floods': lasting({ client: { perSecond: 40, status: 200 } }, 120),
} as const satisfies Readonly<Record<string, LogFaultKind>>;

export type LogFaultName = keyof typeof LOG_FAULTS;

/** A fault with its label. */
export interface LogFault {
  readonly kind: LogFaultName;
  /** [start, end), seconds since the begin. */
  readonly startS: number;
  readonly endS: number;
}

export function secondsOf(kind: LogFaultName): number {
  return LOG_FAULTS[kind].parts.reduce((sum, { seconds }) => sum + seconds, 0);
}

const NOTHING_WRONG: LogChange = {};

/** What is wrong at a time of the first program; of another what has spread there. */
export function wrongAt(faults: readonly LogFault[], seconds: number, isFirst: boolean): LogChange {
  const fault = faults.find(({ endS, startS }) => startS <= seconds && seconds < endS);
  if (fault === undefined) return NOTHING_WRONG;
  let since = seconds - fault.startS;
  const part: LogChange | undefined = LOG_FAULTS[fault.kind].parts.find((one) => {
    since -= one.seconds;
    return since < 0;
  });
  return part !== undefined && (isFirst || part.spreads) ? part : NOTHING_WRONG;
}
