import type { Detector } from '../../detection/detector.js';
import { type Alerting, type Answers, alertsOf, candidateThresholds, runDetector } from './alerts.js';
import type { CostMatrix, NabCorpus } from './nab-corpus.js';
import { countAlerts, type FileRules, normalise, rulesOf, scoreFile } from './nab-scoring.js';
import { halves, meanAndDeviation } from './splits.js';

export interface NabResult {
  /** By profile, with the detector's own threshold. */
  readonly shipped: readonly number[];
  readonly windowsHit: number;
  readonly falseAlerts: number;
  /** By profile, with the one threshold that is best for all files. */
  readonly best: readonly number[];
  /** By profile, over random splits: the threshold that is best for one half of the files, on the other half. */
  readonly heldOut: readonly { readonly mean: number; readonly deviation: number }[];
  readonly microsecondsPerValue: number;
}

export const SPLITS = 10;

/** What a detector would score on each file, by threshold. */
export interface NabScores {
  readonly thresholds: readonly number[];
  /** By threshold, profile and file. */
  readonly scores: readonly (readonly (readonly number[])[])[];
}

export function measureOnNab<S>(detector: Detector<S>, corpus: NabCorpus, alerting: Alerting): NabResult {
  const costs = Object.values(corpus.profiles);
  const rules = corpus.files.map(rulesOf);
  const startedAt = performance.now();
  const answers = corpus.files.map((file) => runDetector(detector, file));
  const elapsedMs = performance.now() - startedAt;
  const rows = answers.reduce((sum, { scores }) => sum + scores.length, 0);

  const times = corpus.files.map(({ timestampsMs }) => timestampsMs);
  const shippedAlerts = answers.map(({ isAnomalous }, i) =>
    alertsOf(times[i] ?? [], (row) => isAnomalous[row] === true, alerting),
  );
  const counts = rules.map((file, i) => countAlerts(file, shippedAlerts[i] ?? []));
  const all = corpus.files.map((_, file) => file);

  const table = scoreThresholds(answers, times, rules, costs, alerting);
  const at = (threshold: number, profile: number, files: readonly number[]) =>
    percentage(table.scores[threshold]?.[profile] ?? [], files, rules, costs[profile]);
  const bestFor = (profile: number, files: readonly number[]): number => {
    const scores = table.thresholds.map((_, threshold) => at(threshold, profile, files));
    return scores.indexOf(Math.max(...scores));
  };
  return {
    shipped: costs.map((cost) =>
      percentage(
        rules.map((file, i) => scoreFile(file, shippedAlerts[i] ?? [], cost)),
        all,
        rules,
        cost,
      ),
    ),
    windowsHit: counts.reduce((sum, { windowsHit }) => sum + windowsHit, 0),
    falseAlerts: counts.reduce((sum, { falseAlerts }) => sum + falseAlerts, 0),
    best: costs.map((_, profile) => at(bestFor(profile, all), profile, all)),
    heldOut: costs.map((_, profile) =>
      meanAndDeviation(
        halves(all.length, SPLITS).map(([chosenOn, measuredOn]) => at(bestFor(profile, chosenOn), profile, measuredOn)),
      ),
    ),
    microsecondsPerValue: (elapsedMs * 1000) / rows,
  };
}

export function scoreThresholds(
  answers: readonly Answers[],
  times: readonly (readonly number[])[],
  rules: readonly FileRules[],
  costs: readonly CostMatrix[],
  alerting: Alerting,
): NabScores {
  const thresholds = candidateThresholds(answers.map(({ scores }) => scores));
  const scores = thresholds.map((threshold) => {
    const alerts = answers.map(({ scores }, i) =>
      alertsOf(times[i] ?? [], (row) => (scores[row] ?? 0) >= threshold, alerting),
    );
    return costs.map((cost) => rules.map((file, i) => scoreFile(file, alerts[i] ?? [], cost)));
  });
  return { thresholds, scores };
}

/** The normalised score of some of the files. */
export function percentage(
  scores: readonly number[],
  files: readonly number[],
  rules: readonly FileRules[],
  cost: CostMatrix | undefined,
): number {
  if (cost === undefined) return Number.NaN;
  const sum = (of: (file: number) => number | undefined) => files.reduce((all, file) => all + (of(file) ?? 0), 0);
  return normalise(
    sum((file) => scores[file]),
    sum((file) => rules[file]?.windows),
    cost,
  );
}
