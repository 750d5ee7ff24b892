import { describe, expect, it } from 'vitest';
import { compareGoals, lost } from '../../../bench/peers/outputs.js';

const none = new Map();
const expected = {
  goal1: new Map([
    ['a@0', { count: 11 }],
    ['a@1000', { count: 12 }],
    ['b@0', { count: 13 }],
  ]),
  goal2: new Map([['h@0', { count: 16 }]]),
  goal3: none,
  goal4: new Map([['h@0', { count: 3, avg_request_time: 0.3 }]]),
};
const records = { 1: 5, 2: 0, 3: 0, 4: 1 };

describe('the comparison of results with the reference', () => {
  it('tells windows that are missing, different and unexpected', () => {
    const actual = {
      ...expected,
      goal1: new Map([
        ['a@0', { count: 11 }],
        ['a@1000', { count: 11 }],
        ['c@0', { count: 99 }],
      ]),
      records,
    };

    const compared = compareGoals([1], actual, expected);

    expect(compared).toEqual({ goal1: { expected: 3, missing: 1, different: 1, unexpected: 1, records: 5 } });
  });

  it('takes no notice of goals that were not run', () => {
    const compared = compareGoals([1], { ...expected, goal2: none, records }, expected);

    expect(lost(compared)).toBe(0);
  });

  it('accepts means that differ in their last digits, and no others', () => {
    const withMean = (avg_request_time: number) =>
      compareGoals([4], { ...expected, goal4: new Map([['h@0', { count: 3, avg_request_time }]]), records }, expected);

    expect(lost(withMean(0.1 + 0.2))).toBe(0);
    expect(lost(withMean(0.3001))).toBe(1);
  });

  it('gives the share of windows that are wrong, over all goals', () => {
    const actual = { ...expected, goal2: none, records };

    // One of three, one and one.
    expect(lost(compareGoals([1, 2, 4], actual, expected))).toBe(1 / 5);
  });
});
