import type { Detector } from '../../detection/detector.js';
import { episodes } from '../../detection/episodes.js';
import type { Series } from './csv-series.js';

/** What a detector with a fresh state said of each row. */
export interface Answers {
  readonly scores: Float64Array;
  readonly isAnomalous: readonly boolean[];
}

export function runDetector<S>(detector: Detector<S>, { timestampsMs, values }: Series): Answers {
  const state = detector.initial();
  const scores = new Float64Array(values.length);
  const isAnomalous: boolean[] = [];
  values.forEach((value, row) => {
    const verdict = detector.observe(state, timestampsMs[row] ?? Number.NaN, value);
    scores[row] = verdict.score;
    isAnomalous.push(verdict.isAnomalous);
  });
  return { scores, isAnomalous };
}

/** Of an episode, beside the values that `episodes()` waits for. */
const CLOSE_AFTER_MS = 3_600_000;

/** Which rows are alerts: all that are anomalous, or each that opens an episode. */
export type Alerting = 'point' | 'episode';

/** The rows to alert on when the rows that `isAnomalous` holds for are anomalous. */
export function alertsOf(
  timestampsMs: readonly number[],
  isAnomalous: (row: number) => boolean,
  alerting: Alerting,
): number[] {
  const alerts: number[] = [];
  const machine = episodes({ closeAfterMs: CLOSE_AFTER_MS });
  const state = machine.initial();
  for (const [row, timestampMs] of timestampsMs.entries()) {
    const anomalous = isAnomalous(row);
    if (alerting === 'point') {
      if (anomalous) alerts.push(row);
    } else if (anomalous || state.open) {
      const change = machine.observe(state, timestampMs, { score: 0, isAnomalous: anomalous });
      if (change?.kind === 'opened') alerts.push(row);
    }
  }
  return alerts;
}

/**
 * Thresholds worth trying for a set of scores: its values at ranks from the highest down, close together first and then
 * ever further apart, and one over them all. A score of 0 says nothing, so none is that low.
 */
export function candidateThresholds(scores: readonly Float64Array[], count = 400): number[] {
  const sorted = Float64Array.from(scores.flatMap((some) => [...some].filter((score) => score > 0)))
    .sort()
    .reverse();
  const thresholds = new Set([Number.POSITIVE_INFINITY]);
  for (let i = 0; i < count; i++) {
    const threshold = sorted[Math.floor(sorted.length ** (i / (count - 1))) - 1];
    if (threshold !== undefined) thresholds.add(threshold);
  }
  return [...thresholds];
}
