import { describe, expect, it } from 'vitest';
import type { Detector } from '../../../detection/detector.js';
import { createDetector } from '../../../detection/detectors.js';
import { rateSpike } from '../../../detection/rate-spike.js';
import { threshold } from '../../../detection/threshold.js';
import { zScore } from '../../../detection/z-score.js';

function observeAll<S>(detector: Detector<S>, values: readonly number[], state = detector.initial()) {
  return values.map((value, i) => detector.observe(state, i * 1000, value));
}

/** Mean 10, standard deviation 2. */
const TEN_VALUES = [8, 12, 8, 12, 8, 12, 8, 12, 8, 12];

describe('z-score', () => {
  it('judges nothing before it has ten values', () => {
    const verdicts = observeAll(zScore(), [...TEN_VALUES.slice(0, 9), 1000]);

    expect(verdicts.every(({ isAnomalous, score }) => !isAnomalous && score === 0)).toBe(true);
  });

  it('calls anomalous what is more than three standard deviations from the mean', () => {
    const [at] = observeAll(zScore(), [...TEN_VALUES, 16]).slice(-1);
    const [over] = observeAll(zScore(), [...TEN_VALUES, 16.01]).slice(-1);
    const [under] = observeAll(zScore(), [...TEN_VALUES, 3.99]).slice(-1);

    expect(at).toMatchObject({ isAnomalous: false, expected: { low: 4, high: 16 } });
    expect(over?.isAnomalous).toBe(true);
    expect(under?.isAnomalous).toBe(true);
    // |z| = 3: P = 0.0027, -log10 P = 2.569, 2.569 / (2.569 + 5) = 0.3394.
    expect(at?.score).toBeCloseTo(0.3394, 4);
  });

  it('leaves anomalies out of its window, and so reports a new level for ever', () => {
    const verdicts = observeAll(zScore(), [...TEN_VALUES, ...new Array<number>(2000).fill(100)]);

    expect(verdicts.slice(10).every(({ isAnomalous }) => isAnomalous)).toBe(true);
  });

  it('takes anomalies into its window where that is wanted', () => {
    const verdicts = observeAll(zScore({ learnsAnomalies: true }), [...TEN_VALUES, 100, 100]);

    // Of TEN_VALUES and 100: mean 200 / 11 = 18.18, mean square (10 * 104 + 10000) / 11 = 1003.6, deviation 25.94; z = 3.15.
    expect(verdicts.at(-1)).toMatchObject({ isAnomalous: true });
    expect(verdicts.at(-1)?.expected.high).toBeCloseTo(18.182 + 3 * 25.944, 1);
  });

  it('keeps as many values as its window has', () => {
    const detector = zScore({ window: 10, learnsAnomalies: true });
    const state = detector.initial();
    observeAll(detector, [...new Array<number>(500).fill(77), ...TEN_VALUES], state);

    expect(state.values.toSorted((a, b) => a - b)).toEqual(TEN_VALUES.toSorted((a, b) => a - b));
  });

  it('judges nothing by values that are all the same', () => {
    const verdicts = observeAll(zScore(), [...new Array<number>(20).fill(5), 6]);

    expect(verdicts.at(-1)?.isAnomalous).toBe(false);
  });
});

describe('rate-spike', () => {
  it('calls anomalous a rate over five times the mean that is over 0.1', () => {
    const rates = [0.04, 0.04, 0.04, 0.04, 0.04];

    expect(observeAll(rateSpike(), [...rates, 0.2]).at(-1)).toMatchObject({ isAnomalous: false, score: 0.5 });
    expect(observeAll(rateSpike(), [...rates, 0.21]).at(-1)?.isAnomalous).toBe(true);
  });

  it('takes no rate up to 0.1 for a spike', () => {
    expect(observeAll(rateSpike(), [0, 0, 0, 0, 0, 0.1]).at(-1)?.isAnomalous).toBe(false);
    expect(observeAll(rateSpike(), [0, 0, 0, 0, 0, 0.11]).at(-1)?.isAnomalous).toBe(true);
  });

  it('judges nothing before it has five rates', () => {
    expect(observeAll(rateSpike(), [0, 0, 0, 0, 1]).at(-1)?.isAnomalous).toBe(false);
  });

  it('compares with the last hundred rates', () => {
    const rates = [...new Array<number>(50).fill(1), ...new Array<number>(100).fill(0.04)];

    expect(observeAll(rateSpike(), [...rates, 0.21]).at(-1)?.isAnomalous).toBe(true);
  });
});

describe('threshold', () => {
  it('calls anomalous what is over its limit', () => {
    expect(observeAll(threshold({ limit: 30 }), [30, 30.5])).toMatchObject([
      { isAnomalous: false, score: 0 },
      { isAnomalous: true, score: 1, expected: { high: 30 } },
    ]);
  });
});

it.each(['level-shift', 'z-score', 'rate-spike'] as const)('%s neither judges nor learns what is no number', (name) => {
  const detector = createDetector({ name });
  const state = detector.initial();
  observeAll(detector, TEN_VALUES, state);
  const before = JSON.stringify(state);

  expect(detector.observe(state, 11_000, Number.NaN)).toMatchObject({ score: 0, isAnomalous: false });
  expect(JSON.stringify(state)).toBe(before);
});
