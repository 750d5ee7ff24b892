import { setTimeout as delay } from 'node:timers/promises';
import type { SimulatedEvent, TrafficSimulator } from './traffic-simulator.js';

export interface PacerOptions {
  readonly signal: AbortSignal;
  /** How often a batch is given. Default 50. */
  readonly intervalMs?: number;
  /** The most events of a batch. After a pause of the machine the backlog comes in batches of this size. Default 10,000. */
  readonly maxBatchEvents?: number;
}

/**
 * Gives a simulator's events when the clock reaches them, in batches that are never empty, until the signal. For live
 * traffic the simulator starts at the time it is now.
 *
 * @example
 * const simulator = new TrafficSimulator({ seed: 1, startMs: Date.now(), disorderMs: 200 });
 * for await (const batch of paced(simulator, { signal })) await writer.write(batch.map(({ event }) => event));
 */
export async function* paced(
  simulator: TrafficSimulator,
  { signal, intervalMs = 50, maxBatchEvents = 10_000 }: PacerOptions,
): AsyncGenerator<SimulatedEvent[]> {
  while (!signal.aborted) {
    const now = Date.now();
    const batch: SimulatedEvent[] = [];
    while (simulator.arrivalMs <= now && batch.length < maxBatchEvents) batch.push(simulator.next());
    if (batch.length > 0) yield batch;
    const isBehind = batch.length === maxBatchEvents;
    if (!isBehind) await delay(intervalMs, undefined, { signal }).catch(() => {});
  }
}
