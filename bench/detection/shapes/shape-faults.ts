/** What can be wrong with a service; each has a size that the generator gives it. */
export const SHAPE_FAULTS = [
  'errors-of-half',
  'errors-of-a-tenth',
  'errors-of-a-twentieth',
  'error-creep',
  'status-500-at-info',
  'slower-fivefold',
  'slower-twofold',
  'slowing-down',
  'memory-leak',
  'one-in-ten-slow',
  'one-in-twenty-stuck',
  'empty-bodies',
  'half-of-bodies-empty',
  'silence',
  'fewer-by-60-percent',
  'fewer-by-90-percent',
  'surge-eightfold',
  'surge-fivefold',
  'canary-with-errors',
  'bad-instance',
  'slow-instance',
  'endpoint-fails',
  'endpoint-slow',
  'abusive-address',
  'scan',
  'client-errors',
  'fails-fast',
  'retry-storm',
  'stuck',
  'errors-and-slow',
] as const;
export type ShapeFaultKind = (typeof SHAPE_FAULTS)[number];

/** A fault with its label. */
export interface ShapeFault {
  readonly kind: ShapeFaultKind;
  readonly service: string;
  /** [start, end) in event time, milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
}

/** What a fault does to a line. */
export interface Effect {
  /** Lines are so many times as many. */
  readonly rate: number;
  /** Of the lines so many more are errors. */
  readonly errors: number;
  readonly clientErrors: number;
  /** Responses take so many times as long. */
  readonly slower: number;
  /** A share of the responses take so many times as long. */
  readonly slowShare: number;
  readonly slowFactor: number;
  readonly emptyBodies: number;
  /** Errors have a status of 500 and the level INFO. */
  readonly atInfo: boolean;
}

const NONE: Effect = {
  ...{ rate: 1, errors: 0, clientErrors: 0, slower: 1, slowShare: 0, slowFactor: 1, emptyBodies: 0, atInfo: false },
};

/** What a fault does at a time to lines of an instance (0 is the bad one), and of an endpoint (0 is the bad one). */
export function effectOf(
  { endMs, kind, startMs }: ShapeFault,
  time: number,
  instance: number,
  endpoint: number,
  instances: number,
): Effect {
  const progress = (time - startMs) / (endMs - startMs);
  const isBad = instance === 0 && instances > 1;
  switch (kind) {
    case 'errors-of-half':
      return { ...NONE, errors: 0.5 };
    case 'errors-of-a-tenth':
      return { ...NONE, errors: 0.15 };
    case 'errors-of-a-twentieth':
      return { ...NONE, errors: 0.06 };
    case 'error-creep':
      return { ...NONE, errors: 0.4 * progress };
    case 'status-500-at-info':
      return { ...NONE, errors: 0.3, atInfo: true };
    case 'slower-fivefold':
      return { ...NONE, slower: 5 };
    case 'slower-twofold':
      return { ...NONE, slower: 2.2 };
    case 'slowing-down':
      return { ...NONE, slower: 1 + 4 * progress };
    case 'memory-leak':
      return { ...NONE, slower: 1 + 3 * progress };
    case 'one-in-ten-slow':
      return { ...NONE, slowShare: 0.1, slowFactor: 12 };
    case 'one-in-twenty-stuck':
      return { ...NONE, slowShare: 0.06, slowFactor: 60 };
    case 'empty-bodies':
      return { ...NONE, emptyBodies: 1 };
    case 'half-of-bodies-empty':
      return { ...NONE, emptyBodies: 0.5 };
    case 'silence':
      return { ...NONE, rate: 0 };
    case 'fewer-by-60-percent':
      return { ...NONE, rate: 0.35 };
    case 'fewer-by-90-percent':
      return { ...NONE, rate: 0.1 };
    case 'surge-eightfold':
      return { ...NONE, rate: 8 };
    case 'surge-fivefold':
      return { ...NONE, rate: 5 };
    case 'canary-with-errors':
      return isBad ? { ...NONE, errors: 0.15 } : NONE;
    case 'bad-instance':
      return isBad ? { ...NONE, errors: 0.8 } : NONE;
    case 'slow-instance':
      return isBad ? { ...NONE, slower: 8 } : NONE;
    case 'endpoint-fails':
      return endpoint === 0 ? { ...NONE, errors: 0.9 } : NONE;
    case 'endpoint-slow':
      return endpoint === 0 ? { ...NONE, slower: 10 } : NONE;
    case 'client-errors':
      return { ...NONE, clientErrors: 0.6 };
    case 'fails-fast':
      return { ...NONE, errors: 0.95, slower: 0.2 };
    case 'retry-storm':
      return { ...NONE, rate: 3, errors: 0.3 };
    case 'stuck':
      return { ...NONE, rate: 0.5, slower: 10 };
    case 'errors-and-slow':
      return { ...NONE, errors: 0.2, slower: 2 };
    default:
      return NONE;
  }
}

/** How long a fault of a kind lasts, in seconds. */
export function durationOf(kind: ShapeFaultKind): number {
  switch (kind) {
    case 'memory-leak':
      return 1800;
    case 'error-creep':
    case 'slowing-down':
      return 240;
    case 'canary-with-errors':
    case 'bad-instance':
    case 'slow-instance':
    case 'endpoint-fails':
    case 'endpoint-slow':
      return 180;
    default:
      return 120;
  }
}
