import { describe, expect, it } from 'vitest';
import { alertsOf, candidateThresholds, runDetector } from '../../../../bench/detection/alerts.js';
import { windowedGaussian } from '../../../../bench/detection/reference-detectors.js';
import { halves } from '../../../../bench/detection/splits.js';

describe('alerts', () => {
  const anomalous = new Set([3, 4, 8, 20]);
  const minutes = Array.from({ length: 30 }, (_, row) => 60_000 * row);
  const hours = minutes.map((time) => 60 * time);

  it('are all anomalous rows, per point', () => {
    expect(alertsOf(minutes, (row) => anomalous.has(row), 'point')).toEqual([3, 4, 8, 20]);
  });

  it('are the rows that open an episode, per episode', () => {
    // Row 8 comes before six rows without an anomaly have closed the episode of row 3.
    expect(alertsOf(hours, (row) => anomalous.has(row), 'episode')).toEqual([3, 20]);
    // Nor does any within an hour.
    expect(alertsOf(minutes, (row) => anomalous.has(row), 'episode')).toEqual([3]);
  });

  it('have candidate thresholds from the highest score down to the lowest that says something', () => {
    const thresholds = candidateThresholds([Float64Array.of(0, 0.5, 0), Float64Array.of(0.25, 1)], 10);

    expect(thresholds).toEqual([Number.POSITIVE_INFINITY, 1, 0.5, 0.25]);
  });
});

it('splits into halves that have all between them', () => {
  for (const [one, other] of halves(11, 5)) {
    expect([...one, ...other].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(one).toHaveLength(5);
  }
});

it('has a windowed Gaussian that scores by the normal tail', () => {
  // Of 8 and 12: mean 10, deviation 2. 14 is two deviations away: 1 - 0.02275.
  const { scores } = runDetector(windowedGaussian(), { name: '', timestampsMs: [0, 1, 2], values: [8, 12, 14] });

  expect(scores[2]).toBeCloseTo(0.97725, 5);
});
