/** How response times are spread. */
export type Latency =
  | { readonly kind: 'gamma'; readonly meanMs: number; readonly shape: number }
  | { readonly kind: 'pareto'; readonly leastMs: number; readonly exponent: number }
  | { readonly kind: 'two-modes'; readonly hitMs: number; readonly missMs: number; readonly misses: number }
  | { readonly kind: 'log-normal'; readonly medianMs: number; readonly sigma: number }
  | { readonly kind: 'queue'; readonly serviceMs: number };

export interface OtherService {
  readonly name: string;
  /** Lines, but for those of requests of others. */
  readonly perSecond: number;
  /** The shape of the gamma distribution of times between lines: under 1 they come in bunches. */
  readonly gaps: number;
  readonly latency: Latency;
  /** Shares that fail in good and bad times, and how long these last in the mean. */
  readonly failures: {
    readonly good: number;
    readonly bad: number;
    readonly goodSeconds: number;
    readonly badSeconds: number;
  };
  readonly instances: number;
  readonly routes?: number;
  readonly refused?: number;
  readonly bytes?: number;
  /** Services that it calls in most of its requests; what fails there mostly fails here. */
  readonly calls?: readonly string[];
  /** Default true. */
  readonly hasStatus?: boolean;
  readonly batch?: { readonly everyMinutes: number; readonly seconds: number; readonly factor: number };
}

export interface OtherShape {
  readonly name: string;
  /** Whether nothing may be chosen on it. */
  readonly isHeldOut: boolean;
  readonly hours: number;
  readonly services: readonly OtherService[];
  /** By how much the logarithm of the load wanders, how soon it comes back, and which part is of all services together. */
  readonly load: { readonly deviation: number; readonly memoryMinutes: number; readonly together: number };
  readonly deploys?: { readonly everyMinutes: number; readonly factors: readonly number[] };
  /** The clock of the first instance of each service is set by so much, once. */
  readonly clockStep?: { readonly afterMinutes: number; readonly ms: number };
}

const STEADY = { good: 0.004, bad: 0.03, goodSeconds: 600, badSeconds: 4 };
const CALM = { deviation: 0.1, memoryMinutes: 20, together: 0 };

function some(count: number, service: Omit<OtherService, 'name'>): OtherService[] {
  return Array.from({ length: count }, (_, n) => ({ ...service, name: `s${n}` }));
}

const gamma: Latency = { kind: 'gamma', meanMs: 60, shape: 1.5 };
const queue: Latency = { kind: 'queue', serviceMs: 70 };
const pareto: Latency = { kind: 'pareto', leastMs: 12, exponent: 1.4 };
const twoModes: Latency = { kind: 'two-modes', hitMs: 6, missMs: 240, misses: 0.2 };
const logNormal: Latency = { kind: 'log-normal', medianMs: 45, sigma: 0.9 };

export const OTHER_SHAPES: readonly OtherShape[] = [
  {
    ...{ name: 'Pareto times', isHeldOut: false, hours: 4, load: CALM },
    services: some(3, { perSecond: 3, gaps: 0.7, latency: pareto, failures: STEADY, instances: 4 }),
  },
  {
    ...{ name: 'a cache: two modes', isHeldOut: false, hours: 4, load: CALM },
    services: some(3, { perSecond: 3, gaps: 1.2, latency: twoModes, failures: STEADY, instances: 3 }),
  },
  {
    ...{ name: 'a queue, load that wanders', isHeldOut: false, hours: 4 },
    load: { deviation: 0.25, memoryMinutes: 8, together: 0.5 },
    services: some(3, { perSecond: 6, gaps: 0.8, latency: queue, failures: STEADY, instances: 5 }),
  },
  {
    ...{ name: 'a gateway and what it calls', isHeldOut: false, hours: 4 },
    load: { deviation: 0.2, memoryMinutes: 15, together: 0.9 },
    services: [
      {
        ...{ name: 'gateway', perSecond: 3, gaps: 0.6, latency: logNormal, failures: STEADY, instances: 3 },
        calls: ['users', 'cart'],
      },
      { name: 'users', perSecond: 0.2, gaps: 1, latency: gamma, failures: STEADY, instances: 2 },
      { name: 'cart', perSecond: 0.2, gaps: 1, latency: twoModes, failures: { ...STEADY, bad: 0.2 }, instances: 2 },
    ],
  },
  {
    ...{ name: 'deploys every 50 minutes', isHeldOut: false, hours: 4, load: CALM },
    services: some(2, { perSecond: 4, gaps: 0.9, latency: gamma, failures: STEADY, instances: 4 }),
    deploys: { everyMinutes: 50, factors: [1, 1.15, 0.95, 1.2, 1.1, 0.9] },
  },
  {
    ...{ name: 'bunches, bad minutes', isHeldOut: true, hours: 4, load: CALM },
    services: some(3, {
      ...{ perSecond: 2.5, gaps: 0.3, latency: logNormal, instances: 3 },
      failures: { good: 0.01, bad: 0.06, goodSeconds: 900, badSeconds: 60 },
    }),
  },
  {
    ...{ name: 'batches without a status', isHeldOut: true, hours: 4, load: CALM },
    services: some(2, {
      ...{ perSecond: 1, gaps: 0.8, latency: gamma, failures: STEADY, instances: 2, hasStatus: false },
      batch: { everyMinutes: 15, seconds: 40, factor: 8 },
    }),
  },
  {
    ...{ name: 'a clock is set back by 3 s', isHeldOut: true, hours: 3, load: CALM },
    services: some(3, { perSecond: 3, gaps: 1, latency: pareto, failures: STEADY, instances: 3 }),
    clockStep: { afterMinutes: 70, ms: -3000 },
  },
  {
    ...{ name: 'sparse', isHeldOut: true, hours: 12 },
    load: { deviation: 0.3, memoryMinutes: 60, together: 0.3 },
    services: some(6, { perSecond: 0.08, gaps: 0.6, latency: pareto, failures: STEADY, instances: 1 }),
  },
  {
    ...{ name: 'load that wanders far', isHeldOut: true, hours: 4 },
    load: { deviation: 0.4, memoryMinutes: 25, together: 0.7 },
    services: some(3, { perSecond: 3, gaps: 0.8, latency: gamma, failures: STEADY, instances: 4 }),
  },
];

/** Where the faults are put. */
export const OTHER_FAULT_SHAPES: readonly OtherShape[] = [
  {
    ...{ name: 'faults, two modes, 8/s', isHeldOut: false, hours: 0, load: CALM },
    services: some(1, { perSecond: 8, gaps: 0.8, latency: twoModes, failures: STEADY, instances: 8 }),
  },
  {
    ...{ name: 'faults, Pareto times, 6/s', isHeldOut: true, hours: 0 },
    load: { deviation: 0.2, memoryMinutes: 15, together: 0 },
    services: some(1, { perSecond: 6, gaps: 0.7, latency: pareto, failures: STEADY, instances: 6 }),
  },
];
