/** A service of a shape: its lines a second, and what share of them fail while all is well. */
export interface ShapeService {
  readonly name: string;
  readonly rate: number;
  readonly errors: number;
  /** The share of responses of status 4xx. Default 0.01. */
  readonly clientErrors?: number;
  readonly instances?: number;
  readonly clients?: number;
  readonly medianMs?: number;
  /** Of the logarithm of response times. Default 0.6. */
  readonly sigma?: number;
}

/** Traffic without a fault, as it may be. */
export interface Shape {
  readonly name: string;
  readonly services: readonly ShapeService[];
  /** How long it is looked at without a fault. */
  readonly hours: number;
  /** How far the rate wanders by itself. */
  readonly restlessness?: number;
  /** How much the rate follows the day, 0 to 1. */
  readonly season?: number;
  /** By an hour, as a share. */
  readonly growth?: number;
  readonly heavyTail?: { readonly share: number; readonly power: number };
  readonly bursts?: { readonly perHour: number; readonly seconds: number; readonly factor: number };
  readonly pauses?: { readonly perHour: number; readonly seconds: number };
  readonly cron?: {
    readonly everyMs: number;
    readonly lastsMs: number;
    readonly factor: number;
    readonly lines?: number;
    readonly slower?: number;
  };
  readonly errorBursts?: { readonly perHour: number; readonly seconds: number; readonly factor: number };
  readonly deploys?: { readonly everyMs: number; readonly slower: number };
  /** The clock of a service's first instance is ahead by so much. */
  readonly skew?: { readonly ms: number };
  /** A line now and then is dated ahead. */
  readonly rogue?: { readonly share: number; readonly ms: number };
  /** Instances send their lines every so often. */
  readonly shippingMs?: number;
}

function services(count: number, service: Omit<ShapeService, 'name'>): ShapeService[] {
  return Array.from({ length: count }, (_, index) => ({ ...service, name: `service-${index}` }));
}

const MINUTE_MS = 60_000;

/** What the detectors' settings were chosen on. */
export const TUNED_SHAPES: readonly Shape[] = [
  { name: 'healthy, 100/s, 0.01 % errors', hours: 1.5, services: services(1, { rate: 100, errors: 0.0001 }) },
  { name: '10/s, 0.1 % errors', hours: 8, services: services(2, { rate: 10, errors: 0.001 }) },
  { name: '1/s, 1 % errors', hours: 16, services: services(5, { rate: 1, errors: 0.01 }) },
  { name: 'five sparse services', hours: 24, services: services(5, { rate: 0.4, errors: 0.01 }) },
  { name: '5/s, 10 % errors, 20 % 4xx', hours: 8, services: services(3, { rate: 5, errors: 0.1, clientErrors: 0.2 }) },
  {
    name: 'heavy tails',
    hours: 8,
    services: services(3, { rate: 5, errors: 0.005, sigma: 1.2 }),
    heavyTail: { share: 0.03, power: 1 },
  },
  {
    name: 'restless, bursts',
    hours: 8,
    services: services(3, { rate: 5, errors: 0.005 }),
    restlessness: 0.3,
    bursts: { perHour: 6, seconds: 8, factor: 3 },
  },
  {
    name: 'a job every 5 minutes',
    hours: 8,
    services: services(3, { rate: 4, errors: 0.005 }),
    cron: { everyMs: 5 * MINUTE_MS, lastsMs: 10_000, factor: 3, lines: 10, slower: 2 },
  },
  { name: 'late shipping', hours: 6, services: services(3, { rate: 8, errors: 0.005 }), shippingMs: 5000 },
  {
    name: 'a skewed clock',
    hours: 6,
    services: services(3, { rate: 8, errors: 0.005, instances: 18 }),
    skew: { ms: 10_000 },
  },
];

/** Made after all settings but those of what comes again and again, which were chosen on the batches. */
export const LATER_SHAPES: readonly Shape[] = [
  {
    name: 'a batch every 20 minutes',
    hours: 4,
    services: services(3, { rate: 2, errors: 0.01 }),
    cron: { everyMs: 20 * MINUTE_MS, lastsMs: 45_000, factor: 5, slower: 3 },
  },
  {
    name: 'a minute of silence about once an hour',
    hours: 4,
    services: services(3, { rate: 3, errors: 0.01 }),
    pauses: { perHour: 1, seconds: 60 },
  },
  {
    name: 'shipping every 15 s, a clock 25 s behind',
    hours: 3,
    services: services(3, { rate: 4, errors: 0.01, instances: 6 }),
    shippingMs: 15_000,
    skew: { ms: -25_000 },
  },
  {
    name: 'very heavy tails, 2/s',
    hours: 5,
    services: services(3, { rate: 2, errors: 0.01, sigma: 1.8 }),
    heavyTail: { share: 0.1, power: 1.5 },
  },
  {
    name: 'the clock of one of two instances 3 minutes ahead',
    hours: 3,
    services: services(3, { rate: 4, errors: 0.01, instances: 2 }),
    skew: { ms: 180_000 },
  },
  {
    name: '0.2 % errors, in bursts of 20 s',
    hours: 5,
    services: services(3, { rate: 4, errors: 0.002 }),
    errorBursts: { perHour: 2, seconds: 20, factor: 15 },
  },
];

/** What nothing was chosen on. */
export const HELD_OUT_SHAPES: readonly Shape[] = [
  { name: 'healthy, 300/s, 0.001 % errors', hours: 0.6, services: services(1, { rate: 300, errors: 0.00001 }) },
  { name: '40 services, 0.1 to 4/s', hours: 3, services: manyServices() },
  {
    name: '2/s, 3 % errors in bursts',
    hours: 12,
    services: services(3, { rate: 2, errors: 0.03 }),
    errorBursts: { perHour: 4, seconds: 10, factor: 4 },
  },
  { name: '8/s, 40 % 4xx', hours: 8, services: services(2, { rate: 8, errors: 0.002, clientErrors: 0.4 }) },
  { name: 'season and growth', hours: 24, services: services(2, { rate: 3, errors: 0.01 }), season: 0.7, growth: 0.05 },
  {
    name: 'pauses',
    hours: 8,
    services: services(3, { rate: 4, errors: 0.005 }),
    pauses: { perHour: 4, seconds: 12 },
  },
  {
    name: 'a batch every hour',
    hours: 12,
    services: services(2, { rate: 4, errors: 0.005 }),
    cron: { everyMs: 60 * MINUTE_MS, lastsMs: 90_000, factor: 3, slower: 1.5 },
  },
  {
    name: 'heavier tails, slow',
    hours: 8,
    services: services(2, { rate: 6, errors: 0.01, sigma: 1.6, medianMs: 900 }),
    heavyTail: { share: 0.05, power: 1.3 },
  },
  {
    name: 'deploys',
    hours: 8,
    services: services(2, { rate: 6, errors: 0.005 }),
    deploys: { everyMs: 120 * MINUTE_MS, slower: 0.15 },
  },
  {
    name: 'lines dated an hour ahead',
    hours: 6,
    services: services(3, { rate: 6, errors: 0.005 }),
    rogue: { share: 0.0002, ms: 3_600_000 },
  },
  {
    name: 'shipping every 10 s, clock 4 s behind',
    hours: 6,
    services: services(3, { rate: 6, errors: 0.005, instances: 9 }),
    shippingMs: 10_000,
    skew: { ms: -4000 },
  },
];

function manyServices(): ShapeService[] {
  return services(40, { rate: 1, errors: 0.003 }).map((service, index) => ({
    ...service,
    rate: 0.1 * 40 ** (index / 39),
    errors: 0.0001 * 300 ** ((index % 7) / 6),
  }));
}

/** Where the faults are put: services with lines enough to be found in seconds, and some with fewer. */
export const FAULT_SHAPES: readonly Shape[] = [
  { name: 'faults, 10/s, 0.5 % errors', hours: 0, services: services(1, { rate: 10, errors: 0.005, instances: 10 }) },
  {
    name: 'faults, 40/s, 3 % errors, 10 % 4xx',
    hours: 0,
    services: services(1, { rate: 40, errors: 0.03, clientErrors: 0.1, instances: 10 }),
  },
  {
    name: 'faults, 6/s, heavy tails',
    hours: 0,
    services: services(1, { rate: 6, errors: 0.002, sigma: 1.1, instances: 10 }),
    heavyTail: { share: 0.02, power: 1 },
  },
];
