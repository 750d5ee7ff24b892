import type { Detector } from '../../detection/detector.js';
import { type Alerting, alertsOf, candidateThresholds, runDetector } from './alerts.js';
import type { CloudSeries } from './cloud-corpus.js';
import { countEvents, type EventMeasures, measuresOf, noCounts } from './cloud-scoring.js';
import { halves, meanAndDeviation } from './splits.js';

export interface CloudResult {
  /** With the detector's own threshold. */
  readonly shipped: EventMeasures;
  /** Of all thresholds, the one of the highest F1 over all series: the most that the scores hold. */
  readonly best: EventMeasures;
  /** F1 over random splits: the threshold that is best for one half of the series, on the other half. */
  readonly heldOut: { readonly mean: number; readonly deviation: number };
}

const THRESHOLDS = 100;
const SPLITS = 10;

export function measureOnCloud<S>(
  detector: Detector<S>,
  corpus: readonly CloudSeries[],
  alerting: Alerting,
): CloudResult {
  const answers = corpus.map((series) => runDetector(detector, series));
  const thresholds = candidateThresholds(
    answers.map(({ scores }) => scores),
    THRESHOLDS,
  );
  const shipped = noCounts();
  corpus.forEach((series, i) => {
    countEvents(
      shipped,
      series,
      alertsOf(series.timestampsMs, (row) => answers[i]?.isAnomalous[row] === true, alerting),
    );
  });
  // By threshold and series.
  const alerts = thresholds.map((threshold) =>
    answers.map(({ scores }, i) =>
      alertsOf(corpus[i]?.timestampsMs ?? [], (row) => (scores[row] ?? 0) >= threshold, alerting),
    ),
  );
  const measure = (threshold: number, chosen: readonly number[]): EventMeasures => {
    const counts = noCounts();
    for (const i of chosen) {
      const series = corpus[i];
      if (series !== undefined) countEvents(counts, series, alerts[threshold]?.[i] ?? []);
    }
    return measuresOf(counts);
  };
  const bestFor = (chosen: readonly number[]): number => {
    const f1 = thresholds.map((_, threshold) => measure(threshold, chosen).f1);
    return f1.indexOf(Math.max(...f1));
  };
  const all = corpus.map((_, i) => i);
  return {
    shipped: measuresOf(shipped),
    best: measure(bestFor(all), all),
    heldOut: meanAndDeviation(
      halves(all.length, SPLITS).map(([chosenOn, measuredOn]) => measure(bestFor(chosenOn), measuredOn).f1),
    ),
  };
}
