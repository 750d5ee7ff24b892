/** What is wrong while a fault lasts. */
export interface Change {
  /** For how long, in seconds: 150. */
  readonly seconds?: number;
  /** The share of lines that fail besides. */
  readonly fails?: number;
  /** How failures look. Default: level ERROR and a status of 502. */
  readonly looks?: 'only-status' | 'only-level';
  readonly refused?: number;
  /** Times so many times as long, of all or of a share. */
  readonly slower?: number;
  readonly slowShare?: number;
  /** A share of responses takes exactly so long, in milliseconds. */
  readonly timeouts?: { readonly share: number; readonly ms: number };
  /** All responses of two seconds in ten take so much longer, in milliseconds. */
  readonly stallsMs?: number;
  /** Lines are so many times as many. */
  readonly traffic?: number;
  readonly bytes?: number;
  /** Of one instance alone, or of one route. */
  readonly of?: 'instance' | 'route';
  /** From nothing at its begin to all of it at its end. */
  readonly grows?: boolean;
  /** Ten seconds of it, then twenty without. */
  readonly flaps?: boolean;
  /** One client asks so many times a second besides; 404 is what a scan gets. */
  readonly client?: { readonly perSecond: number; readonly status: number };
}

export const OTHER_FAULTS = {
  'all fail': { fails: 1 },
  'a third fails': { fails: 0.33 },
  'an eighth fails': { fails: 0.12 },
  'a twentieth fails': { fails: 0.05 },
  'half fails, on and off': { fails: 0.5, flaps: true },
  'failures grow to half': { fails: 0.5, grows: true, seconds: 300 },
  'a quarter fails, by its status alone': { fails: 0.25, looks: 'only-status' },
  'a quarter fails, by its level alone': { fails: 0.25, looks: 'only-level' },
  'eight times as slow': { slower: 8 },
  'three times as slow': { slower: 3 },
  'nearly twice as slow': { slower: 1.8 },
  'slower and slower, fourfold': { slower: 4, grows: true, seconds: 300 },
  'one in ten is ten times as slow': { slower: 10, slowShare: 0.1 },
  'one in twenty takes 30 s': { timeouts: { share: 0.05, ms: 30_000 } },
  'stalls of two seconds': { stallsMs: 1500 },
  'fewer and slower': { traffic: 0.6, slower: 6 },
  'nothing comes': { traffic: 0 },
  'a tenth comes': { traffic: 0.1 },
  'less than half comes': { traffic: 0.45 },
  'six times as many': { traffic: 6 },
  'three times as many, a tenth fails': { traffic: 3.5, fails: 0.1 },
  'an instance fails': { fails: 0.7, of: 'instance', seconds: 240 },
  'an instance fails now and then': { fails: 0.15, of: 'instance', seconds: 240 },
  'an instance is slow': { slower: 7, of: 'instance', seconds: 240 },
  'a route fails': { fails: 0.9, of: 'route', seconds: 240 },
  'a route is slow': { slower: 8, of: 'route', seconds: 240 },
  'empty answers': { bytes: 0 },
  'ten times as large': { bytes: 10 },
  'half is refused': { refused: 0.5 },
  'fails at once': { fails: 0.9, slower: 0.1 },
  'a client floods': { client: { perSecond: 30, status: 200 } },
  'a client scans': { client: { perSecond: 10, status: 404 } },
} as const satisfies Readonly<Record<string, Change>>;

export type OtherFaultKind = keyof typeof OTHER_FAULTS;

/** A fault with its label. */
export interface OtherFault {
  readonly kind: OtherFaultKind;
  readonly service: string;
  /** [start, end) in event time, milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
}

const SECONDS = 150;

export function durationMsOf(kind: OtherFaultKind): number {
  const { seconds = SECONDS }: Change = OTHER_FAULTS[kind];
  return seconds * 1000;
}

/** What is wrong at a time, and how much of it there is, 0 to 1. */
export function changeAt(faults: readonly OtherFault[], service: string, time: number): [Change, number] | undefined {
  const fault = faults.find((one) => one.service === service && one.startMs <= time && time < one.endMs);
  if (fault === undefined) return undefined;
  const change: Change = OTHER_FAULTS[fault.kind];
  const since = time - fault.startMs;
  if (change.flaps && since % 30_000 >= 10_000) return undefined;
  return [change, change.grows ? since / (fault.endMs - fault.startMs) : 1];
}
