/**
 * The Numenta Anomaly Benchmark's scoring, after Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms"
 * (2015), and the benchmark's public rules.
 */
import type { CostMatrix, NabFile } from './nab-corpus.js';

const PROBATION_SHARE = 0.15;
const PROBATION_MAX_ROWS = 750;

/** Rows at the beginning of a file in which nothing is scored. */
export function probationRows(rows: number): number {
  return Math.min(Math.floor(PROBATION_SHARE * rows), PROBATION_MAX_ROWS);
}

/**
 * The worth of an alert at a place relative to a window: -1 is the window's first row, 0 its end, over 0 is behind it.
 * From 0.987 down to -1.
 */
export function scaledSigmoid(place: number): number {
  return place >= 3 ? -1 : 2 / (1 + Math.exp(5 * place)) - 1;
}

/** What an alert at each row of a file would count, before weights. */
export interface FileRules {
  /** Per row: the worth of an alert there, at most 1 inside a window, negative outside; 0 in the probation. */
  readonly worth: Float64Array;
  /** Per row: which window it is in, or -1. */
  readonly window: Int32Array;
  /** How many windows have a row behind the probation. */
  readonly windows: number;
}

export function rulesOf(file: NabFile): FileRules {
  const rows = file.values.length;
  const worth = new Float64Array(rows);
  const window = new Int32Array(rows).fill(-1);
  const probation = probationRows(rows);
  let windows = 0;
  let before: { last: number; length: number } | undefined;
  let next = 0;
  for (let row = 0; row < rows; row++) {
    const current = file.windows[next];
    if (current !== undefined && row >= current.first) {
      const length = current.last - current.first + 1;
      if (row >= probation) {
        worth[row] = scaledSigmoid(-(current.last - row + 1) / length) / scaledSigmoid(-1);
        window[row] = next;
      }
      if (row === current.last) {
        before = { last: row, length };
        if (row >= probation) windows++;
        next++;
      }
    } else if (row >= probation) {
      worth[row] = before === undefined ? -1 : scaledSigmoid((row - before.last) / (before.length - 1));
    }
  }
  return { worth, window, windows };
}

/**
 * A file's score: what the best alert of each window is worth, less the weight of each window without one, less what
 * the alerts outside cost. `alerts` are rows.
 */
export function scoreFile(rules: FileRules, alerts: Iterable<number>, cost: CostMatrix): number {
  const best = new Map<number, number>();
  let outside = 0;
  for (const row of alerts) {
    const worth = rules.worth[row] ?? 0;
    const window = rules.window[row] ?? -1;
    if (window < 0) outside += worth;
    else best.set(window, Math.max(best.get(window) ?? Number.NEGATIVE_INFINITY, worth));
  }
  let score = outside * cost.fpWeight - (rules.windows - best.size) * cost.fnWeight;
  for (const worth of best.values()) score += worth * cost.tpWeight;
  return score;
}

/** Alerts inside and outside of windows, behind the probation. */
export function countAlerts(rules: FileRules, alerts: Iterable<number>): { windowsHit: number; falseAlerts: number } {
  const hit = new Set<number>();
  let falseAlerts = 0;
  for (const row of alerts) {
    const window = rules.window[row] ?? -1;
    if (window >= 0) hit.add(window);
    else if ((rules.worth[row] ?? 0) < 0) falseAlerts++;
  }
  return { windowsHit: hit.size, falseAlerts };
}

/** Scores of all files as a percentage: 0 is a detector that never alerts, 100 one that alerts at each window's first row. */
export function normalise(score: number, windows: number, cost: CostMatrix): number {
  const nothing = -cost.fnWeight * windows;
  const perfect = cost.tpWeight * windows;
  return (100 * (score - nothing)) / (perfect - nothing);
}
