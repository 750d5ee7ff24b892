import { expect, it } from 'vitest';
import { driftChart } from '../../../detection/drift-chart.js';
import { Random } from '../../../producer/random.js';

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;

/** Alarms of readings every few minutes, of a day that goes up and down by ten deviations; a drift comes to it after so long. */
function alarmsOf(everyMs: number, days: number, driftAfterMs = Number.POSITIVE_INFINITY) {
  const random = new Random(4);
  const chart = driftChart();
  const state = chart.initial();
  let alarms = 0;
  for (let time = 0; time < days * DAY_MS; time += everyMs) {
    const drift = Math.max(0, (time - driftAfterMs) / everyMs) * 0.1;
    const value = 20 - 3 * Math.cos((2 * Math.PI * time) / DAY_MS) + 0.3 * random.normal() + drift;
    if (chart.observe(state, time, value).isAnomalous) alarms++;
  }
  return alarms;
}

it.each([2, 5, 10])('the first day of readings every %d minutes is no drift, nor are those after it', (minutes) => {
  expect(alarmsOf(minutes * MINUTE_MS, 6)).toBe(0);
});

it('a drift on the fifth day is one', () => {
  expect(alarmsOf(2 * MINUTE_MS, 6, 4.4 * DAY_MS)).toBeGreaterThan(0);
});

it('readings every two seconds are judged in the first day', () => {
  expect(alarmsOf(2000, 0.2, 0.1 * DAY_MS)).toBeGreaterThan(0);
});
