import { MillraceError } from '@millrace/streams';

/** Isolation Forest (Liu, Ting and Zhou, 2008): a point that random cuts soon separate from the others is anomalous. */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

const FORMAT = 'millrace-isolation-forest';
const VERSION = 1;
const EULER = 0.5772156649015329;

export interface IsolationForestOptions {
  /** Names of a row's features, in order. */
  readonly features: readonly string[];
  /** How many trees: 100. */
  readonly trees?: number;
  /** How many rows a tree is grown from, drawn without replacement: 256, or all where there are fewer. */
  readonly sampleSize?: number;
  readonly seed: number;
}

/** A tree's nodes by number, its root first. A leaf has feature -1. */
export interface IsolationTree {
  readonly feature: readonly number[];
  /** Rows under the split's value go left. */
  readonly split: readonly number[];
  readonly left: readonly number[];
  readonly right: readonly number[];
  /** In a leaf, how far its rows are from the root: its depth, and what further cuts would add in the mean. */
  readonly pathLength: readonly number[];
}

/** A trained forest: plain data, to be written as JSON. */
export interface IsolationForest {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly features: readonly string[];
  /** The median of each feature in the training rows: what is typical of it. */
  readonly medians: readonly number[];
  /** How many rows each tree was grown from. */
  readonly sampleSize: number;
  readonly trees: readonly IsolationTree[];
}

/** How much of a row's score is one feature's doing. */
export interface FeatureContribution {
  readonly feature: string;
  readonly value: number;
  /** The median of the training rows. */
  readonly typical: number;
  /** By how much the score falls when the feature is at its typical value instead; at least 0. */
  readonly contribution: number;
}

/** What is wrong with training rows, a model or a row to score. */
export class IsolationForestError extends MillraceError<'NO_ROWS' | 'BAD_ROW' | 'BAD_OPTION' | 'BAD_MODEL'> {}

/**
 * Grows a forest; the same rows, options and seed always give the same one.
 *
 * @throws {IsolationForestError} when there are no rows, or one has not a finite number for each feature.
 */
export function trainIsolationForest(
  rows: readonly (readonly number[])[],
  { features, trees = 100, sampleSize = 256, seed }: IsolationForestOptions,
): IsolationForest {
  if (rows.length < 2) throw new IsolationForestError('NO_ROWS', `a forest needs two rows or more, got ${rows.length}`);
  if (!(trees >= 1) || !(sampleSize >= 2)) {
    throw new IsolationForestError(
      'BAD_OPTION',
      `a forest needs a tree or more (${trees}) of two rows or more (${sampleSize})`,
    );
  }
  for (const row of rows) checkRow(features, row);
  const generator = xoroshiro128plus(seed);
  const uniform = () => (generator.next() >>> 0) / 0x1_0000_0000;
  const size = Math.min(sampleSize, rows.length);
  return {
    format: FORMAT,
    version: VERSION,
    features: [...features],
    medians: features.map((_, feature) => median(rows.map((row) => featureOf(row, feature)))),
    sampleSize: size,
    trees: Array.from({ length: trees }, () => growTree(sample(rows, size, uniform), features.length, uniform)),
  };
}

/**
 * How anomalous a row is: near 1 is anomalous, well under 0.5 is normal, and 0.5 for all rows says that there is nothing
 * to find (the paper's s(x, n)).
 *
 * @throws {IsolationForestError} when the row has not a finite number for each feature.
 */
export function isolationScore(forest: IsolationForest, row: readonly number[]): number {
  checkRow(forest.features, row);
  let sum = 0;
  for (const tree of forest.trees) sum += pathLength(tree, row);
  return 2 ** (-sum / forest.trees.length / meanPathLength(forest.sampleSize));
}

/** The features that make a row anomalous, the strongest first. Costs as much as scoring it once for each feature. */
export function standoutFeatures(forest: IsolationForest, row: readonly number[]): FeatureContribution[] {
  const score = isolationScore(forest, row);
  return forest.features
    .map((feature, i) => {
      const typical = forest.medians[i] ?? Number.NaN;
      return {
        feature,
        value: featureOf(row, i),
        typical,
        contribution: Math.max(0, score - isolationScore(forest, row.with(i, typical))),
      };
    })
    .sort((a, b) => b.contribution - a.contribution);
}

/**
 * Takes a model that was read from JSON for one.
 *
 * @throws {IsolationForestError} when it is something else, or of another version.
 */
export function parseIsolationForest(json: string): IsolationForest {
  const model = JSON.parse(json) as Partial<IsolationForest> | null;
  if (model?.format !== FORMAT || model.version !== VERSION) {
    throw new IsolationForestError(
      'BAD_MODEL',
      `expected a ${FORMAT} of version ${VERSION}, got ${String(model?.format)} of version ${String(model?.version)}: train it again`,
    );
  }
  return model as IsolationForest;
}

/** c(n): the mean path length of an unsuccessful search in a binary search tree of `n` rows. */
export function meanPathLength(n: number): number {
  if (n <= 1) return 0;
  if (n === 2) return 1;
  return 2 * (Math.log(n - 1) + EULER) - (2 * (n - 1)) / n;
}

function checkRow(features: readonly string[], row: readonly number[]): void {
  if (row.length !== features.length || !row.every(Number.isFinite)) {
    throw new IsolationForestError(
      'BAD_ROW',
      `a row needs a finite number for each of ${features.join(', ')}, got [${row.join(', ')}]`,
    );
  }
}

function featureOf(row: readonly number[], feature: number): number {
  return row[feature] ?? Number.NaN;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
}

/** Draws without replacement, by the first steps of Fisher and Yates' shuffle. */
function sample<T>(all: readonly T[], size: number, uniform: () => number): T[] {
  const order = [...all];
  for (let i = 0; i < size; i++) {
    const j = i + Math.floor(uniform() * (order.length - i));
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order.slice(0, size);
}

type GrowingTree = { -readonly [K in keyof IsolationTree]: number[] };

function growTree(rows: readonly (readonly number[])[], features: number, uniform: () => number): IsolationTree {
  const tree: GrowingTree = { feature: [], split: [], left: [], right: [], pathLength: [] };
  const depthLimit = Math.ceil(Math.log2(rows.length));
  const grow = (here: readonly (readonly number[])[], depth: number): number => {
    const node = tree.feature.length;
    const cut = depth < depthLimit && here.length > 1 ? randomCut(here, features, uniform) : undefined;
    tree.feature.push(cut?.feature ?? -1);
    tree.split.push(cut?.value ?? 0);
    tree.left.push(-1);
    tree.right.push(-1);
    tree.pathLength.push(cut === undefined ? depth + meanPathLength(here.length) : 0);
    if (cut !== undefined) {
      const isLeft = (row: readonly number[]) => featureOf(row, cut.feature) < cut.value;
      tree.left[node] = grow(here.filter(isLeft), depth + 1);
      tree.right[node] = grow(
        here.filter((row) => !isLeft(row)),
        depth + 1,
      );
    }
    return node;
  };
  grow(rows, 0);
  return tree;
}

/** A cut between the extremes of a random one of the features that differ in these rows; undefined when none does. */
function randomCut(
  rows: readonly (readonly number[])[],
  features: number,
  uniform: () => number,
): { feature: number; value: number } | undefined {
  const cuttable: { feature: number; low: number; high: number }[] = [];
  for (let feature = 0; feature < features; feature++) {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const row of rows) {
      low = Math.min(low, featureOf(row, feature));
      high = Math.max(high, featureOf(row, feature));
    }
    if (low < high) cuttable.push({ feature, low, high });
  }
  const chosen = cuttable[Math.floor(uniform() * cuttable.length)];
  if (chosen === undefined) return undefined;
  // Over the lowest, so that both sides have rows.
  const value = chosen.high - uniform() * (chosen.high - chosen.low);
  return { feature: chosen.feature, value };
}

function pathLength(tree: IsolationTree, row: readonly number[]): number {
  let node = 0;
  for (let feature = tree.feature[0] ?? -1; feature >= 0; feature = tree.feature[node] ?? -1) {
    node = (featureOf(row, feature) < (tree.split[node] ?? 0) ? tree.left[node] : tree.right[node]) ?? 0;
  }
  return tree.pathLength[node] ?? 0;
}
