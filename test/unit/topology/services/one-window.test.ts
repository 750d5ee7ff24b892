import { expect, it } from 'vitest';
import { chartCounts, initialCountChart } from '../../../../detection/count-chart.js';
import { chartLevel, initialLevelChart } from '../../../../detection/level-chart.js';

/** One false alarm a week of windows of five seconds, of twenty charts together. */
const budget = { windows: 120_960, charts: 20 };
const shifts = [Math.log(1.6), Math.log(4)];

it('failures in three seconds of a window are an alarm at its end, as many in one second are not', () => {
  const alarmsAfter = (seconds: number) => {
    const state = initialCountChart();
    for (let window = 0; window < 500; window++) {
      chartCounts(state, { count: 50, failures: window % 5 === 0 ? 1 : 0, seconds: 1 }, { budget });
    }
    return chartCounts(state, { count: 50, failures: 25, seconds }, { budget }).isAnomalous;
  };
  expect(alarmsAfter(1)).toBe(false);
  expect(alarmsAfter(2)).toBe(false);
  expect(alarmsAfter(3)).toBe(true);
});

it('a window in which three in four responses are slow is an alarm at its end, a pause that a few wait for is not', () => {
  const alarmsAfter = (quarterMs: number) => {
    const state = initialLevelChart({ shifts });
    const usual = { mean: Math.log(80), count: 50, variance: 0.4, quarter: () => Math.log(52) };
    for (let window = 0; window < 500; window++) chartLevel(state, usual, { budget, shifts });
    const slow = { mean: Math.log(400), count: 50, variance: 0.8, quarter: () => Math.log(quarterMs) };
    return chartLevel(state, slow, { budget, shifts }).isAnomalous;
  };
  expect(alarmsAfter(52)).toBe(false);
  expect(alarmsAfter(260)).toBe(true);
});
