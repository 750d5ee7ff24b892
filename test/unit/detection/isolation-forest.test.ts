import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  isolationScore,
  meanPathLength,
  parseIsolationForest,
  standoutFeatures,
  trainIsolationForest,
} from '../../../detection/isolation-forest.js';

interface Fixture {
  readonly rows: number[][];
  readonly scores: number[];
}

/** Rows, and the scores that scikit-learn's IsolationForest gives them: see the fixture's README. */
function scikitLearn(): Fixture {
  return JSON.parse(
    readFileSync(new URL('../../fixtures/isolation-forest/scikit-learn.json', import.meta.url), 'utf8'),
  );
}

const FEATURES = ['a', 'b', 'c'];

/** Spearman's: Pearson's correlation of the ranks. */
function rankCorrelation(xs: readonly number[], ys: readonly number[]): number {
  const ranks = (values: readonly number[]) => {
    const order = values.map((_, i) => i).sort((i, j) => (values[i] ?? 0) - (values[j] ?? 0));
    const rank = new Array<number>(values.length);
    order.forEach((i, position) => {
      rank[i] = position;
    });
    return rank;
  };
  const [a, b] = [ranks(xs), ranks(ys)];
  const mean = (xs.length - 1) / 2;
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((rank, i) => {
    const [da, db] = [rank - mean, (b[i] ?? 0) - mean];
    ab += da * db;
    aa += da * da;
    bb += db * db;
  });
  return ab / Math.sqrt(aa * bb);
}

describe('isolation forest', () => {
  it('ranks rows as scikit-learn does', () => {
    const { rows, scores } = scikitLearn();
    const forest = trainIsolationForest(rows, { features: FEATURES, trees: 300, seed: 1 });

    const ours = rows.map((row) => isolationScore(forest, row));

    expect(rankCorrelation(ours, scores)).toBeGreaterThan(0.98);
    // The scores themselves are the same up to what two random forests differ by.
    const differences = ours.map((score, i) => Math.abs(score - (scores[i] ?? 0)));
    expect(Math.max(...differences)).toBeLessThan(0.04);
  });

  it('knows the mean path length of a binary search tree', () => {
    expect(meanPathLength(1)).toBe(0);
    expect(meanPathLength(2)).toBe(1);
    // 2 (ln 9 + 0.577216) - 2 * 9 / 10
    expect(meanPathLength(10)).toBeCloseTo(3.748881, 5);
    // Liu et al. give c(256) = 10.24.
    expect(meanPathLength(256)).toBeCloseTo(10.24, 2);
  });

  it('scores a row of one split by hand', () => {
    // Two rows: every tree is one cut between them, a path of 1 to either side, and c(2) = 1: 2^-1.
    const forest = trainIsolationForest([[0], [10]], { features: ['a'], trees: 7, seed: 3 });

    expect(isolationScore(forest, [0])).toBe(0.5);
    expect(isolationScore(forest, [99])).toBe(0.5);
    expect(forest.trees.every(({ split }) => (split[0] ?? 0) > 0 && (split[0] ?? 0) <= 10)).toBe(true);
  });

  it('is the same for the same seed, also after being written and read back', () => {
    const { rows } = scikitLearn();
    const options = { features: FEATURES, trees: 10, seed: 5 };
    const forest = trainIsolationForest(rows, options);

    expect(parseIsolationForest(JSON.stringify(forest))).toEqual(trainIsolationForest(rows, options));
    expect(trainIsolationForest(rows, { ...options, seed: 6 })).not.toEqual(forest);
  });

  it('names the features that make a row stand out', () => {
    const { rows } = scikitLearn();
    const forest = trainIsolationForest(rows, { features: FEATURES, seed: 1 });

    const [first, second] = standoutFeatures(forest, [0, 8, 0]);

    expect(first).toMatchObject({ feature: 'b', value: 8 });
    expect(first?.contribution).toBeGreaterThan(3 * (second?.contribution ?? 0));
  });

  it('gives one and the same score to rows of which there is only one kind', () => {
    const forest = trainIsolationForest(new Array<number[]>(50).fill([1, 2, 3]), { features: FEATURES, seed: 1 });

    // A root that is a leaf: a path of 0 + c(50), so 2^-1.
    expect(isolationScore(forest, [1, 2, 3])).toBeCloseTo(0.5, 10);
  });

  it.each([
    ['NO_ROWS', [[1, 2, 3]]],
    [
      'BAD_ROW',
      [
        [1, 2, 3],
        [1, 2],
      ],
    ],
    [
      'BAD_ROW',
      [
        [1, 2, 3],
        [1, 2, Number.NaN],
      ],
    ],
  ])('refuses rows it cannot learn from: %s', (code, rows) => {
    expect(() => trainIsolationForest(rows, { features: FEATURES, seed: 1 })).toThrowError(
      expect.objectContaining({ code }),
    );
  });

  it('refuses a model of another format', () => {
    expect(() => parseIsolationForest('{"format":"millrace-isolation-forest","version":2}')).toThrowError(
      expect.objectContaining({ code: 'BAD_MODEL' }),
    );
  });
});
