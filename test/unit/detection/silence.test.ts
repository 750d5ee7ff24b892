import { describe, expect, it } from 'vitest';
import { silence } from '../../../detection/silence.js';
import { Random } from '../../../producer/random.js';

const detector = silence();
const INTERVAL_MS = 5000;

/** Intervals in which events are taken for having ceased. */
function missedIn(counts: readonly number[]): number[] {
  const state = detector.initial();
  return counts.flatMap((count, interval) =>
    detector.observe(state, interval * INTERVAL_MS, count).isAnomalous ? [interval] : [],
  );
}

/** The first of each row of intervals. */
function begins(intervals: readonly number[]): number[] {
  return intervals.filter((interval, index) => intervals[index - 1] !== interval - 1);
}

/** Events of a Poisson process, by exponential times between them. */
function poisson(random: Random, mean: number, intervals: number): number[] {
  const counts = new Array<number>(intervals).fill(0);
  for (let time = random.exponential(1 / mean); time < intervals; time += random.exponential(1 / mean)) {
    counts[Math.floor(time)] = (counts[Math.floor(time)] ?? 0) + 1;
  }
  return counts;
}

describe('silence', () => {
  it.each([
    [100, 1],
    [8, 2],
    [1, 16],
  ])('of what comes %d times in an interval is found after %d', (mean, after) => {
    const before = poisson(new Random(1), mean, 1000).map((count) => Math.max(1, count));
    const [first, ...others] = missedIn([...before, ...new Array<number>(60).fill(0)]);
    expect(first).toBeGreaterThanOrEqual(1000 + Math.floor(after / 2));
    expect(first).toBeLessThan(1000 + after);
    expect(others.at(-1)).toBe(1059);
  });

  it.each([0.02, 0.1, 0.5, 2, 5])('is hardly ever found where %d events come in an interval', (mean) => {
    expect(missedIn(poisson(new Random(2), mean, 50_000)).length).toBeLessThanOrEqual(2);
  });

  it.each([3, 10])('is hardly ever found where %d events on average come in a bunch, now and then', (size) => {
    const random = new Random(5);
    const bunches = poisson(random, 0.03, 50_000).map((count) => count * (1 + random.below(2 * size - 1)));

    expect(missedIn(bunches).length).toBeLessThanOrEqual(2);
  });

  it('of what is silent for longer than it is there is found three times, and of what is seldom silent each time', () => {
    const [minutes, hour] = [new Array<number>(24).fill(20), new Array<number>(700).fill(0)];
    const comesAndGoes = Array.from({ length: 12 }, () => [...minutes, ...hour]).flat();
    const fails = Array.from({ length: 12 }, () => [...new Array<number>(1000).fill(20), ...hour]).flat();

    expect(begins(missedIn(comesAndGoes))).toHaveLength(3);
    expect(begins(missedIn(fails))).toHaveLength(12);
  });

  it('of bunches that come now and then is found when five times as many as by chance are missing', () => {
    const [, ...counts] = poisson(new Random(7), 0.05, 6000);
    const bunches = counts.slice(-5000).map((count) => 5 * count);

    const [first] = missedIn([...bunches, ...new Array<number>(1000).fill(0)]).filter((one) => one >= 5000);

    // Fifteen bunches take 300 intervals; pauses of up to twice the longest are usual.
    expect(first).toBeLessThan(5000 + 400);
  });

  it('of bunches of which several come in an interval is hardly ever found by chance, and is in the third interval', () => {
    const bunches = poisson(new Random(9), 8, 40_000).map((count) => 5 * count);

    expect(bunches.filter((count) => count === 0).length).toBeGreaterThan(5);
    expect(missedIn(bunches)).toEqual([]);
    expect(missedIn([...bunches.slice(0, 5000), 0, 0, 0]).at(-1)).toBe(5002);
  });

  it('is found in the second interval where as many come as by chance, and many more every now and then', () => {
    const random = new Random(4);
    const counts = poisson(random, 20, 2000)
      .slice(1)
      .map((count, index) => (index % 84 < 5 ? 5 * count : count));

    expect(missedIn([...counts.slice(0, 1960), 0, 0]).at(0)).toBeLessThanOrEqual(1961);
  });

  it('is no news where pauses are usual, and is when one is much longer', () => {
    const minute = [120, ...new Array<number>(11).fill(0)];
    const minutes = Array.from({ length: 100 }, () => minute).flat();
    const missed = missedIn([...minutes, ...new Array<number>(60).fill(0)]);
    expect(missed.filter((interval) => interval >= 20 * 12 && interval < 1200)).toEqual([]);
    expect(missed.some((interval) => interval > 1200)).toBe(true);
  });

  it('is found again and again, however often it was', () => {
    const outage = [...new Array<number>(200).fill(50), ...new Array<number>(20).fill(0)];
    const missed = missedIn(Array.from({ length: 40 }, () => outage).flat());
    for (let n = 0; n < 40; n++) {
      const first = missed.find((interval) => interval >= n * 220 + 200);
      expect(first).toBeLessThan(n * 220 + 220);
    }
  });

  it('of a minute at random times is told three times and then usual, and one that is longer is found', () => {
    const events = (intervals: number) => new Array<number>(intervals).fill(15);
    const none = (intervals: number) => new Array<number>(intervals).fill(0);
    const gaps = [...events(700), ...none(12), ...events(450), ...none(11), ...events(400), ...none(12)];
    const missed = missedIn([...gaps, ...events(910)]);
    for (const after of [700, 1162, 1573]) {
      expect(missed.filter((interval) => interval >= after && interval < after + 12)).not.toEqual([]);
    }
    const before = [...gaps, ...events(910)];
    expect(missedIn([...before, ...none(13), ...events(5)]).filter((interval) => interval > 1600)).toEqual([]);
    const [found] = missedIn([...before, ...none(40)]).filter((interval) => interval > 1600);
    // One and a half times the shortest of the three is sixteen.
    expect(found).toBe(before.length + 16);
  });

  it('of a minute is found again when the last ones were long ago', () => {
    const gap = [...new Array<number>(3000).fill(15), ...new Array<number>(12).fill(0)];
    expect(new Set(missedIn([gap, gap, gap, gap].flat()).map((interval) => Math.floor(interval / 3012)))).toEqual(
      new Set([0, 1, 2, 3]),
    );
  });

  it('that pauses of one interval precede takes three', () => {
    const minute = [...new Array<number>(30).fill(20), 0];
    const minutes = Array.from({ length: 30 }, () => minute).flat();
    expect(missedIn([...minutes, 20, 0, 0, 20])).toEqual([]);
    expect(missedIn([...minutes, 20, 0, 0, 0])).toEqual([minutes.length + 3]);
  });

  it('is not found before there is something to go by, and passes over what is no number', () => {
    expect(missedIn([100, 100, 100, ...new Array<number>(60).fill(0)])).toEqual([]);
    expect(missedIn([...new Array<number>(100).fill(100), Number.NaN, 100])).toEqual([]);
  });
});
