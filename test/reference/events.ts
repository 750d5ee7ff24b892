import { fileURLToPath } from 'node:url';
import { readLogs } from '../../producer/log-source.js';
import { TrafficSimulator } from '../../producer/traffic-simulator.js';
import type { AccessLog } from '../../schemas/records.js';

const ACCESS_LOG = fileURLToPath(new URL('../fixtures/access.log.gz', import.meta.url));

/** The events of a real access log. */
export async function accessLog(): Promise<AccessLog[]> {
  const events: AccessLog[] = [];
  const batches = readLogs({
    inputs: [ACCESS_LOG],
    format: 'auto',
    host: 'semicomplete.com',
    server: 'web',
    maxFutureMs: 86_400_000,
    follow: false,
    signal: new AbortController().signal,
    positions: new Map(),
  });
  for await (const batch of batches) events.push(...batch.events);
  return events;
}

export function simulated(count: number, seed: number, disorderMs: number): AccessLog[] {
  const simulator = new TrafficSimulator({
    seed,
    startMs: Date.UTC(2026, 0, 1, 12),
    eventsPerSecond: 500,
    clients: 2000,
    disorderMs,
    belowThresholds: false,
  });
  return Array.from({ length: count }, () => simulator.next().event);
}
