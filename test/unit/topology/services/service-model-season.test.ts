import { expect, it } from 'vitest';
import { Random } from '../../../../producer/random.js';
import type { ServiceHealth } from '../../../../schemas/records.js';
import { predictionOf, type ServiceModel, trainServiceModel } from '../../../../topology/services/service-model.js';

const MIDNIGHT = Date.UTC(2026, 2, 2);
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A service with a calm night and a busy noon, every 15 s; its responses take so many times as long. */
function windowsOf(from: number, to: number, seed: number, times = 1): ServiceHealth[] {
  const random = new Random(seed);
  const windows: ServiceHealth[] = [];
  for (let start = from; start < to; start += 15 * SECOND) {
    const load = 1 - 0.9 * Math.cos(((start % DAY) / DAY) * 2 * Math.PI);
    const count = Math.max(1, Math.round(300 * load + Math.sqrt(300 * load) * random.normal()));
    const time = times * (40 + 20 * load) * (1 + 0.05 * random.normal());
    windows.push({
      ...{ service: 'shop', window_start: start, window_end: start + 15 * SECOND, count, throughput: count / 15 },
      ...{ avg_response_time: time, p50_response_time: time * 0.9, p95_response_time: time * 2 },
      ...{ error_rate: Math.max(0, 0.01 + 0.002 * random.normal()), active_sessions: 0, bytes: 0, health: 'healthy' },
    });
  }
  return windows;
}

function anomalies(model: ServiceModel, windows: readonly ServiceHealth[]): number {
  return windows.filter((window) => predictionOf(model, window)?.is_anomaly).length / windows.length;
}

it('a model of half an hour calls nothing an anomaly in the hours of the day that it has not seen', () => {
  const model = trainServiceModel(windowsOf(MIDNIGHT, MIDNIGHT + 30 * MINUTE, 1), 1);
  const day = windowsOf(MIDNIGHT + HOUR, MIDNIGHT + DAY, 2);
  // By its threshold alone nearly all of the day is far from that half hour.
  const over = day.filter(
    (window) => (predictionOf(model, window)?.score ?? 0) > (model.services['shop']?.threshold ?? 1),
  );
  expect(over.length / day.length).toBeGreaterThan(0.5);
  expect(anomalies(model, day)).toBe(0);
});

it('a model of a day knows the next one, and finds slow responses at every hour of it', () => {
  const model = trainServiceModel(windowsOf(MIDNIGHT, MIDNIGHT + DAY, 1), 1);
  expect(anomalies(model, windowsOf(MIDNIGHT + DAY, MIDNIGHT + 2 * DAY, 2))).toBeLessThan(0.03);
  for (const hour of [3, 9, 14, 21]) {
    const from = MIDNIGHT + DAY + hour * HOUR;
    expect(anomalies(model, windowsOf(from, from + 10 * MINUTE, 3, 8)), `at ${hour}`).toBeGreaterThan(0.9);
  }
});

it('a model is made of the last day of the windows, of a sample of them, and is the same for the same windows', () => {
  const windows = windowsOf(MIDNIGHT, MIDNIGHT + 3 * DAY, 1);
  const model = trainServiceModel(windows, 1);
  expect(trainServiceModel(windows, 1)).toEqual(model);
  expect(trainServiceModel(windows.slice(windows.length / 3), 1)).toEqual(model);
  const { hours = [] } = model.services['shop'] ?? {};
  expect(hours.reduce((sum, count) => sum + count, 0)).toBe(2000);
  // Of 2,000 windows an hour has 83 in the mean.
  expect(Math.min(...hours)).toBeGreaterThan(50);
});
