/** What can be wrong with a service, or, in `deploy`, has changed without being wrong. */
export type ServiceFaultKind =
  /** Response times are a multiple of what they were, from one moment to the next. */
  | 'latency-step'
  /** Response times grow to a multiple, over the whole of the fault. */
  | 'latency-ramp'
  /** Half of the lines are errors. */
  | 'error-burst'
  /** Errors grow, over the whole of the fault, until half of the lines are errors; slowness grows with them. */
  | 'error-creep'
  /** Many times the lines. */
  | 'surge'
  /** No lines at all. */
  | 'silence'
  /** Most lines of one of the service's fifty instances are errors, and its responses are slow. */
  | 'bad-instance'
  /** One client asks many times a second, beside the service's ordinary lines. */
  | 'abusive-address'
  /** One client asks for what is not there, many times a second: it looks for a way in. */
  | 'scan'
  /** Response times are higher from here on, by a factor, and stay: a new normal. */
  | 'deploy';

/** A fault that the simulator puts into a service's logs, with its label. */
export interface ServiceFault {
  readonly kind: ServiceFaultKind;
  readonly service: string;
  /** [start, end) in event time, milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
}

const KINDS: readonly { readonly kind: ServiceFaultKind; readonly durationMs: number }[] = [
  { kind: 'latency-step', durationMs: 20_000 },
  { kind: 'error-burst', durationMs: 20_000 },
  { kind: 'surge', durationMs: 20_000 },
  { kind: 'silence', durationMs: 20_000 },
  { kind: 'latency-ramp', durationMs: 40_000 },
  { kind: 'error-creep', durationMs: 40_000 },
  { kind: 'bad-instance', durationMs: 60_000 },
  { kind: 'abusive-address', durationMs: 30_000 },
  { kind: 'scan', durationMs: 30_000 },
];

/** Detectors need some time to learn what is usual. */
const FIRST_AFTER_MS = 120_000;
const EVERY_MS = 120_000;

/** One fault of each kind in turn, the first after two minutes, then one every two minutes, without end. */
export function* demonstrationFaults(startMs: number, services: readonly string[]): Generator<ServiceFault> {
  for (let n = 0; ; n++) {
    const { durationMs, kind } = KINDS[n % KINDS.length] as (typeof KINDS)[number];
    const from = startMs + FIRST_AFTER_MS + n * EVERY_MS;
    yield { kind, service: services[n % services.length] as string, startMs: from, endMs: from + durationMs };
  }
}
