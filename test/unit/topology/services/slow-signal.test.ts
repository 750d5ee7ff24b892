import { expect, it } from 'vitest';
import { Random } from '../../../../producer/random.js';
import { LineStatistics } from '../../../../topology/services/line-statistics.js';
import { slowSignal } from '../../../../topology/services/service-signals.js';

const signal = slowSignal<LineStatistics>('slow', 'response_time', {
  budget: { windows: 120_960, charts: 20 },
  odds: [3, 8, 30],
  leastShare: 0.04,
  leastLastingShare: 0.005,
  areDependent: true,
});

function windowOf(random: Random, medianMs: number, { lines = 100, slow = 0 } = {}): LineStatistics {
  const statistics = new LineStatistics();
  for (let line = 0; line < lines; line++) {
    const factor = random.uniform() < slow ? 20 : 1;
    statistics.add({
      ...{ service: 'shop', level: 'INFO', endpoint: null, status: 200, session_id: null, ip: null, bytes: null },
      ...{ source: null, timestamp: 0, response_time: factor * random.logNormal(medianMs, 0.6) },
    });
  }
  return statistics;
}

it('two minutes of responses that fail fast do not make those slow that take as long as ever', () => {
  const random = new Random(1);
  const state = signal.initial();
  const alarms = (windows: number, medianMs: number) =>
    Array.from({ length: windows }, () => signal.judge(state, windowOf(random, medianMs))).filter(
      (charted) => charted?.isAnomalous,
    ).length;
  alarms(360, 80);
  alarms(24, 16);
  expect(alarms(60, 80)).toBe(0);
  expect(alarms(12, 400)).toBeGreaterThan(8);
});

it('a small share of slow responses that comes in window after window adds up to an alarm', () => {
  const random = new Random(2);
  const state = signal.initial();
  const alarms = (windows: number, slow: number) =>
    Array.from({ length: windows }, () => signal.judge(state, windowOf(random, 80, { lines: 30, slow }))).filter(
      (charted) => charted?.isAnomalous,
    ).length;
  expect(alarms(720, 0)).toBe(0);
  // Two minutes at six lines a second: one in forty is slow.
  expect(alarms(24, 0.025)).toBeGreaterThan(0);
});
