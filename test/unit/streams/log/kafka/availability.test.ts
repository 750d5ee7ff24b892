import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Availability } from '../../../../../streams/log/kafka/availability.js';
import { LogError } from '../../../../../streams/log/log.js';

const said: string[] = [];
const refusal = new LogError('LOG_REFUSED', 'Kafka at b:1 does not let the user "u" in: wrong password');

beforeEach(() => {
  vi.useFakeTimers();
  said.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

function watched(probe: () => Promise<unknown>): Availability {
  const availability = new Availability({ brokers: 'b:1', probe, say: (message) => said.push(message) });
  availability.suspect('timed out');
  return availability;
}

it('brokers that are away are told of once, and waited for however long it takes', async () => {
  let isAway = true;
  const availability = watched(async () => {
    if (isAway) throw new Error('timed out');
  });
  await vi.advanceTimersByTimeAsync(600_000);
  expect(said).toEqual(['Kafka at b:1 does not answer (timed out); trying again until it does']);
  isAway = false;
  await vi.advanceTimersByTimeAsync(1000);
  expect(said.slice(1)).toEqual(['Kafka at b:1 is back']);
  expect(availability.failure).toBeUndefined();
});

it('brokers that go on to let nobody in end everything after ten seconds', async () => {
  const availability = watched(async () => {
    throw refusal;
  });
  await vi.advanceTimersByTimeAsync(9_500);
  expect(said).toEqual([`${refusal.message}; trying again for 10 s`]);
  expect(availability.failure).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1500);
  expect(availability.failure).toBe(refusal);
  expect(availability.closed.reason).toBe(refusal);
});

it('a refusal that passes, as of a broker that starts, ends nothing', async () => {
  let probes = 0;
  const availability = watched(async () => {
    probes++;
    if (probes < 5) throw refusal;
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(availability.failure).toBeUndefined();
  expect(said.at(-1)).toBe('Kafka at b:1 is back');
});
