import { describe, expect, it } from 'vitest';
import { paced } from '../../../producer/pacer.js';
import { TrafficSimulator } from '../../../producer/traffic-simulator.js';

function simulator(startMs: number) {
  return new TrafficSimulator({
    seed: 1,
    startMs,
    eventsPerSecond: 1000,
    clients: 20_000,
    hosts: 100,
    incidents: false,
  });
}

describe('paced traffic', () => {
  it('comes when the clock reaches it, in batches, in the order of the simulator', async () => {
    const startMs = Date.now();
    const stop = new AbortController();
    const expected = simulator(startMs);
    let events = 0;
    for await (const batch of paced(simulator(startMs), { signal: stop.signal, intervalMs: 10 })) {
      expect(batch.length).toBeGreaterThan(0);
      for (const { event } of batch) {
        expect(event.timestamp).toBeLessThanOrEqual(Date.now());
        expect(event).toEqual(expected.next().event);
      }
      events += batch.length;
      if (events >= 200) stop.abort();
    }
    expect(events).toBeGreaterThanOrEqual(200);
    // 1,000 a second, 1,400 at the busiest: 200 take 140 ms or more.
    expect(Date.now() - startMs).toBeGreaterThan(70);
  });

  it('catches up in batches of a bounded size', async () => {
    const stop = new AbortController();
    const sizes: number[] = [];
    for await (const batch of paced(simulator(Date.now() - 5000), { signal: stop.signal, maxBatchEvents: 500 })) {
      sizes.push(batch.length);
      if (batch.length < 500) stop.abort();
    }
    expect(sizes.length).toBeGreaterThan(5);
    expect(Math.max(...sizes)).toBe(500);
  });

  it('ends at once when it is stopped while it waits', async () => {
    const stop = new AbortController();
    const never = paced(simulator(Date.now() + 3_600_000), { signal: stop.signal, intervalMs: 3_600_000 });
    const next = never.next();
    stop.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
