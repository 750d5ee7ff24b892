import type { Detector } from '../../detection/detector.js';
import { type Alerting, alertsOf, candidateThresholds, runDetector } from './alerts.js';
import type { CostMatrix, NabCorpus } from './nab-corpus.js';
import { countAlerts, normalise, rulesOf, scoreFile } from './nab-scoring.js';
import { halves, meanAndDeviation } from './splits.js';

export interface NabResult {
  /** By profile, with the detector's own threshold. */
  readonly shipped: readonly number[];
  readonly windowsHit: number;
  readonly falseAlerts: number;
  /** By profile, with the one threshold that is best for all files. */
  readonly best: readonly number[];
  /** The standard profile's. */
  readonly bestThreshold: number;
  /** By profile, over random splits: the threshold that is best for one half of the files, on the other half. */
  readonly heldOut: readonly { readonly mean: number; readonly deviation: number }[];
  readonly microsecondsPerValue: number;
}

const SPLITS = 10;

export function measureOnNab<S>(detector: Detector<S>, corpus: NabCorpus, alerting: Alerting): NabResult {
  const costs = Object.values(corpus.profiles);
  const rules = corpus.files.map(rulesOf);
  const windows = rules.map((file) => file.windows);
  const startedAt = performance.now();
  const answers = corpus.files.map((file) => runDetector(detector, file));
  const elapsedMs = performance.now() - startedAt;
  const rows = answers.reduce((sum, { scores }) => sum + scores.length, 0);

  const shippedAlerts = answers.map(({ scores, isAnomalous }) =>
    alertsOf(scores.length, (row) => isAnomalous[row] === true, alerting),
  );
  const counts = rules.map((file, i) => countAlerts(file, shippedAlerts[i] ?? []));

  const thresholds = candidateThresholds(answers.map(({ scores }) => scores));
  // By threshold, profile and file.
  const table = thresholds.map((threshold) => {
    const alerts = answers.map(({ scores }) =>
      alertsOf(scores.length, (row) => (scores[row] ?? 0) >= threshold, alerting),
    );
    return costs.map((cost) => rules.map((file, i) => scoreFile(file, alerts[i] ?? [], cost)));
  });
  const total = (threshold: number, profile: number, cost: CostMatrix, files: readonly number[]): number => {
    const scores = table[threshold]?.[profile] ?? [];
    const sum = (of: readonly number[]) => files.reduce((all, file) => all + (of[file] ?? 0), 0);
    return normalise(sum(scores), sum(windows), cost);
  };
  const bestFor = (profile: number, cost: CostMatrix, files: readonly number[]): number => {
    const scores = thresholds.map((_, threshold) => total(threshold, profile, cost, files));
    return scores.indexOf(Math.max(...scores));
  };
  const all = corpus.files.map((_, file) => file);
  const best = costs.map((cost, profile) => bestFor(profile, cost, all));
  return {
    shipped: costs.map((cost) =>
      normalise(
        rules.reduce((sum, file, i) => sum + scoreFile(file, shippedAlerts[i] ?? [], cost), 0),
        windows.reduce((sum, count) => sum + count, 0),
        cost,
      ),
    ),
    windowsHit: counts.reduce((sum, { windowsHit }) => sum + windowsHit, 0),
    falseAlerts: counts.reduce((sum, { falseAlerts }) => sum + falseAlerts, 0),
    best: costs.map((cost, profile) => total(best[profile] ?? 0, profile, cost, all)),
    bestThreshold: thresholds[best[0] ?? 0] ?? Number.NaN,
    heldOut: costs.map((cost, profile) =>
      meanAndDeviation(
        halves(all.length, SPLITS).map(([chosenOn, measuredOn]) =>
          total(bestFor(profile, cost, chosenOn), profile, cost, measuredOn),
        ),
      ),
    ),
    microsecondsPerValue: (elapsedMs * 1000) / rows,
  };
}
