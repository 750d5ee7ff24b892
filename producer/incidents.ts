/** A fault that the simulator puts into the traffic, with its label. */
export interface Incident {
  readonly kind: 'abusive-client' | 'client-error-burst' | 'slow-host' | 'outage';
  /** The address of the client, or the name of the host. */
  readonly entity: string;
  /** [start, end) in event time, milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
}

const KINDS: readonly { readonly kind: Incident['kind']; readonly durationMs: number }[] = [
  { kind: 'abusive-client', durationMs: 10_000 },
  { kind: 'client-error-burst', durationMs: 12_000 },
  { kind: 'slow-host', durationMs: 20_000 },
  { kind: 'outage', durationMs: 15_000 },
];

const FIRST_AFTER_MS = 1000;
const EVERY_MS = 30_000;

/** The n-th incident: one of each kind in turn, the first soon after the start, then one every 30 s. */
export function scheduleIncident(
  n: number,
  startMs: number,
  entityFor: (kind: Incident['kind'], n: number) => string,
): Incident {
  const { kind, durationMs } = KINDS[n % KINDS.length] as (typeof KINDS)[number];
  const from = startMs + FIRST_AFTER_MS + n * EVERY_MS;
  return { kind, entity: entityFor(kind, n), startMs: from, endMs: from + durationMs };
}
