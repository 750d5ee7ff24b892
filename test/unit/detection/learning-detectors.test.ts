import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { describe, expect, it } from 'vitest';
import type { Detector, Verdict } from '../../../detection/detector.js';
import { createDetector } from '../../../detection/detectors.js';
import { episodes } from '../../../detection/episodes.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Normal numbers with mean 0 and deviation 1, by Box and Muller's method. */
function normal(seed: number): () => number {
  const generator = xoroshiro128plus(seed);
  const uniform = () => ((generator.next() >>> 0) + 1) / 0x1_0000_0001;
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

interface Run {
  readonly everyMs: number;
  readonly count: number;
  readonly value: (i: number, noise: () => number) => number;
}

function verdictsOf<S>(detector: Detector<S>, { count, everyMs, value }: Run): Verdict[] {
  const noise = normal(11);
  const state = detector.initial();
  return Array.from({ length: count }, (_, i) => detector.observe(state, i * everyMs, value(i, noise)));
}

/** Where episodes open. */
function alertsOf(verdicts: readonly Verdict[]): number[] {
  const machine = episodes();
  const state = machine.initial();
  return verdicts.flatMap((verdict, i) => (machine.observe(state, i, verdict)?.kind === 'opened' ? [i] : []));
}

describe.each(['adaptive', 'multi-resolution'] as const)('%s', (name) => {
  const detector = () => createDetector({ name });

  it('raises hardly an alert on noise: one at most in a month of values every five minutes', () => {
    const verdicts = verdictsOf(detector(), {
      everyMs: 5 * MINUTE_MS,
      count: 30 * 288,
      value: (_, noise) => 100 + 10 * noise(),
    });

    expect(alertsOf(verdicts).length).toBeLessThanOrEqual(1);
  });

  it('alerts at once on a large spike', () => {
    const verdicts = verdictsOf(detector(), {
      everyMs: 5 * MINUTE_MS,
      count: 2000,
      value: (i, noise) => (i === 1500 ? 400 : 100 + 10 * noise()),
    });

    expect(alertsOf(verdicts)).toContain(1500);
  });

  it('alerts once on a lasting change of the level, then takes it for the usual one', () => {
    const verdicts = verdictsOf(detector(), {
      everyMs: 5 * MINUTE_MS,
      count: 4000,
      value: (i, noise) => (i < 2000 ? 100 : 300) + 10 * noise(),
    });

    const alerts = alertsOf(verdicts).filter((i) => i >= 2000);
    expect(alerts[0]).toBe(2000);
    expect(alerts.filter((i) => i > 2300)).toEqual([]);
    expect(verdicts.at(-1)?.expected.low).toBeGreaterThan(200);
  });

  it('learns from a series that was constant', () => {
    const verdicts = verdictsOf(detector(), {
      everyMs: 5 * MINUTE_MS,
      count: 2000,
      value: (i) => (i < 1000 ? 45 : 90),
    });

    const alerts = alertsOf(verdicts);
    expect(alerts[0]).toBe(1000);
    expect(alerts.filter((i) => i > 1300)).toEqual([]);
    expect(verdicts.at(-1)).toMatchObject({ isAnomalous: false });
  });

  it('finds values that are usual at another time of the day', () => {
    const day = (ms: number) => 100 + 80 * Math.sin((2 * Math.PI * ms) / DAY_MS);
    // On the eighth day the night is as busy as the day.
    const odd = 7 * 288 + 216;
    const verdicts = verdictsOf(detector(), {
      everyMs: 5 * MINUTE_MS,
      count: 10 * 288,
      value: (i, noise) => (i >= odd && i < odd + 12 ? 180 : day(i * 5 * MINUTE_MS)) + 5 * noise(),
    });

    const alerts = alertsOf(verdicts);
    expect(alerts.some((i) => i >= odd && i < odd + 12)).toBe(true);
    // The busy hours of every other day are none.
    expect(alerts.filter((i) => i >= 3 * 288 && i < odd)).toEqual([]);
  });

  it('says where it expects values', () => {
    const verdicts = verdictsOf(detector(), {
      everyMs: 5 * MINUTE_MS,
      count: 1000,
      value: (_, noise) => 100 + 10 * noise(),
    });

    // A normal distribution's mean deviation is 8 for 10: three of them are 24 to either side.
    expect(verdicts.at(-1)?.expected.low).toBeGreaterThan(65);
    expect(verdicts.at(-1)?.expected.low).toBeLessThan(85);
    expect(verdicts.at(-1)?.expected.high).toBeGreaterThan(115);
    expect(verdicts.at(-1)?.expected.high).toBeLessThan(135);
  });

  it('finds a service’s errors in windows of five seconds after half an hour, and nothing before', () => {
    const verdicts = verdictsOf(detector(), {
      everyMs: 5000,
      count: 372,
      value: (i, noise) => Math.max(0, Math.round((i < 360 ? 2 : 40) + (i < 360 ? 1.4 : 6) * noise())),
    });

    expect(alertsOf(verdicts)).toEqual([360]);
  });

  it('alerts more easily where that is wanted', () => {
    const value: Run['value'] = (i, noise) => (i === 900 ? 150 : 100 + 10 * noise());
    const run = { everyMs: 5 * MINUTE_MS, count: 901, value };
    const score = verdictsOf(detector(), run).at(-1)?.score ?? 0;

    const [over, under] = [score + 0.01, score - 0.01].map((alertScore) =>
      verdictsOf(createDetector({ name, alertScore }), run).at(-1),
    );

    expect([over?.isAnomalous, under?.isAnomalous]).toEqual([false, true]);
  });

  it('goes by time: the same surprise counts for more when values are rare', () => {
    const value: Run['value'] = (i, noise) => (i === 900 ? 145 : 100 + 10 * noise());
    const [hourly, often] = [HOUR_MS, 5000].map(
      (everyMs) => verdictsOf(detector(), { everyMs, count: 901, value }).at(-1)?.score ?? 0,
    );

    expect(hourly).toBeGreaterThan((often ?? 0) + 0.05);
  });

  it('goes on from a state that was written and read back', () => {
    const noise = normal(3);
    const values = Array.from({ length: 600 }, () => 50 + noise());
    const one = detector();
    const kept = one.initial();
    let stored: unknown = one.initial();
    values.forEach((value, i) => {
      const expected = one.observe(kept, i * MINUTE_MS, value);
      stored = JSON.parse(JSON.stringify(stored));
      expect(one.observe(stored, i * MINUTE_MS, value)).toEqual(expected);
    });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('neither judges nor learns %d', (value) => {
    const one = detector();
    const state = one.initial();
    for (let i = 0; i < 100; i++) one.observe(state, i * MINUTE_MS, i % 7);
    const before = JSON.stringify(state);

    expect(one.observe(state, 100 * MINUTE_MS, value)).toMatchObject({ score: 0, isAnomalous: false });
    expect(JSON.stringify(state)).toBe(before);
  });

  it('has a state that does not grow after its seasons are full', () => {
    const sizes: number[] = [];
    const one = detector();
    const state = one.initial();
    const noise = normal(5);
    for (let i = 0; i < 30 * 288; i++) {
      one.observe(state, i * 5 * MINUTE_MS, 1000 + 300 * Math.sin((2 * Math.PI * i) / 288) + 50 * noise());
      if (i % (10 * 288) === 10 * 288 - 1) sizes.push(JSON.stringify(state).length);
    }
    const [first = 0, , last = 0] = sizes;

    expect(last).toBeLessThan(16_000);
    expect(last).toBeLessThan(1.2 * first);
  });
});

describe('the first half hour of windows of five seconds', () => {
  /** The alerts of a traffic of 200 requests that falls to a tenth for a minute, after so many windows. */
  function alertsOfAFall(after: number, alertScore?: number) {
    const detector = createDetector({ name: 'adaptive', ...(alertScore === undefined ? {} : { alertScore }) });
    const value: Run['value'] = (i, noise) => (i < after ? 200 + 14 * noise() : 20 + 4 * noise());
    return alertsOf(verdictsOf(detector, { everyMs: 5000, count: after + 12, value }));
  }

  it('is over when a fall to a tenth is found', () => {
    expect(alertsOfAFall(60)).toEqual([]);
    expect(alertsOfAFall(360)).toEqual([360]);
  });

  it('is shorter for who wants alerts more easily', () => {
    expect(alertsOfAFall(60, 0.36)).toEqual([60]);
  });
});
