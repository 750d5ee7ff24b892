import { describe, expect, it } from 'vitest';
import type { NabFile } from '../../../../bench/detection/nab-corpus.js';
import {
  countAlerts,
  normalise,
  probationRows,
  rulesOf,
  scaledSigmoid,
  scoreFile,
} from '../../../../bench/detection/nab-scoring.js';

const STANDARD = { tpWeight: 1, fpWeight: 0.11, fnWeight: 1 };
const LOW_FN = { tpWeight: 1, fpWeight: 0.11, fnWeight: 2 };

/** 100 rows, of which the first 15 are the probation. */
function file(...windows: { first: number; last: number }[]): NabFile {
  const rows = Array.from({ length: 100 }, (_, i) => i);
  return { name: 'file', timestampsMs: rows, values: rows, windows };
}

describe('NAB scoring', () => {
  it('scores nothing in the first 15 %, of 5000 rows at most', () => {
    expect(probationRows(1127)).toBe(169);
    expect(probationRows(22_695)).toBe(750);
    expect(scoreFile(rulesOf(file()), [0, 7, 14], STANDARD)).toBe(0);
    expect(scoreFile(rulesOf(file()), [15], STANDARD)).toBe(-0.11);
  });

  it.each([
    // The values of the benchmark's own documentation.
    [-1, 0.98661],
    [-0.5, 0.84828],
    [0, 0],
    [1, -0.98661],
    [3, -1],
  ])('has a worth at %d of %d', (place, worth) => {
    expect(scaledSigmoid(place)).toBeCloseTo(worth, 5);
  });

  it('gives the weight of a true positive for an alert at a window’s first row', () => {
    expect(scoreFile(rulesOf(file({ first: 40, last: 49 })), [40], STANDARD)).toBeCloseTo(1, 10);
  });

  it('counts the earliest alert of a window only', () => {
    const rules = rulesOf(file({ first: 40, last: 49 }));

    // Row 45 of ten: 5 rows from the end, place -0.5, 0.84828 / 0.98661.
    expect(scoreFile(rules, [45, 46, 49], STANDARD)).toBeCloseTo(0.8598, 4);
    // The last row has place -0.1: 2 / (1 + e^-0.5) - 1 = 0.24492, / 0.98661.
    expect(scoreFile(rules, [49], STANDARD)).toBeCloseTo(0.24824, 4);
  });

  it('takes the weight of a false negative once for a missed window', () => {
    const rules = rulesOf(file({ first: 40, last: 49 }, { first: 60, last: 69 }));

    expect(scoreFile(rules, [], LOW_FN)).toBe(-4);
    expect(scoreFile(rules, [60], LOW_FN)).toBeCloseTo(-1, 10);
  });

  it('takes the whole weight for a false alert before any window, and less soon after one', () => {
    const rules = rulesOf(file({ first: 40, last: 49 }));

    expect(scoreFile(rules, [39], STANDARD)).toBeCloseTo(-1 - 0.11, 10);
    // Nine rows behind a window of ten: place 1.
    expect(scoreFile(rules, [58], STANDARD)).toBeCloseTo(-1 - 0.11 * 0.98661, 5);
    // Three rows behind: place 1/3, 2 / (1 + e^(5/3)) - 1 = -0.68229.
    expect(scoreFile(rules, [52], STANDARD)).toBeCloseTo(-1 - 0.11 * 0.68229, 4);
    expect(scoreFile(rules, [90], STANDARD)).toBeCloseTo(-1.11, 10);
  });

  it('counts windows hit and alerts outside', () => {
    expect(countAlerts(rulesOf(file({ first: 40, last: 49 })), [3, 20, 41, 42, 50])).toEqual({
      windowsHit: 1,
      falseAlerts: 2,
    });
  });

  it('makes no alerts 0 and perfect ones 100', () => {
    expect(normalise(-10, 5, LOW_FN)).toBe(0);
    expect(normalise(5, 5, LOW_FN)).toBe(100);
    expect(normalise(-2.5, 5, LOW_FN)).toBe(50);
  });
});
