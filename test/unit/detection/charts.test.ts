import { describe, expect, it } from 'vitest';
import { alarmLimit } from '../../../detection/alarm.js';
import { chartCounts, initialCountChart, poissonTail } from '../../../detection/count-chart.js';
import { chartLevel, initialLevelChart } from '../../../detection/level-chart.js';
import { chartRate, initialRateChart } from '../../../detection/rate-chart.js';
import { initialRecurrence, isRecurring } from '../../../detection/recurrence.js';
import { Random } from '../../../producer/random.js';

/** One false alarm a week of windows of five seconds, of twenty charts together. */
const budget = { windows: 120_960, charts: 20 };

function failuresOf(random: Random, count: number, share: number): number {
  let failures = 0;
  for (let event = 0; event < count; event++) failures += random.uniform() < share ? 1 : 0;
  return failures;
}

describe('failures, judged by their count', () => {
  it.each([
    [500, 0.0001],
    [50, 0.001],
    [5, 0.01],
    [2, 0.02],
    [25, 0.1],
  ])('do not alarm by chance: %d events a window, a share of %f', (count, share) => {
    const random = new Random(11);
    const state = initialCountChart();
    let alarms = 0;
    // Of the busiest a day is enough for hundreds of stray failures.
    for (let window = 0; window < (count > 100 ? 10_000 : 40_000); window++) {
      const wasOpen = state.alarm.open;
      const { isAnomalous } = chartCounts(state, { count, failures: failuresOf(random, count, share) }, { budget });
      if (isAnomalous && !wasOpen) alarms++;
    }
    expect(alarms).toBe(0);
  });

  it('alarm in the second window of an outage, and say how many there are and should be', () => {
    const random = new Random(2);
    const state = initialCountChart();
    for (let window = 0; window < 500; window++) {
      chartCounts(state, { count: 50, failures: failuresOf(random, 50, 0.002) }, { budget });
    }
    expect(chartCounts(state, { count: 50, failures: 25 }, { budget }).isAnomalous).toBe(false);
    const { evidence, isAnomalous, value } = chartCounts(state, { count: 50, failures: 25 }, { budget });
    expect(isAnomalous).toBe(true);
    expect(value).toBeGreaterThan(0.4);
    expect(evidence.failures).toBeGreaterThanOrEqual(50);
    expect(evidence.expected).toBeLessThan(2);
    expect(evidence.onceIn).toBeGreaterThan(120_960);
  });

  it('are found the second, third and fourth time as they were the first', () => {
    const random = new Random(3);
    const state = initialCountChart();
    const delays: number[] = [];
    for (let outage = 0; outage < 4; outage++) {
      for (let window = 0; window < 700; window++) {
        chartCounts(state, { count: 40, failures: failuresOf(random, 40, 0.005) }, { budget });
      }
      expect(state.alarm.open).toBe(false);
      let delay = 0;
      for (let window = 1; window <= 100; window++) {
        const { isAnomalous } = chartCounts(state, { count: 40, failures: failuresOf(random, 40, 0.3) }, { budget });
        if (isAnomalous && delay === 0) delay = window;
      }
      delays.push(delay);
    }
    expect(delays).toEqual([2, 2, 2, 2]);
  });

  it('raise no limit by an alarm that is over: how far it went says nothing of chance', () => {
    const random = new Random(5);
    const state = initialCountChart();
    const windows = (count: number, share: number) => {
      for (let window = 0; window < count; window++) {
        chartCounts(state, { count: 40, failures: failuresOf(random, 40, share) }, { budget });
      }
    };
    windows(400, 0.005);
    for (let outage = 0; outage < 4; outage++) {
      windows(24, 0.3);
      windows(100, 0.005);
    }
    expect(state.alarm.open).toBe(false);
    // ln(120,960 windows x 20 charts).
    expect(alarmLimit(state.alarm, budget)).toBeCloseTo(14.7, 1);
  });

  it('that last for half an hour are usual, and what was before is usual again when it comes back', () => {
    const random = new Random(4);
    const state = initialCountChart();
    const windows = (count: number, share: number) => {
      for (let window = 0; window < count; window++) {
        chartCounts(state, { count: 40, failures: failuresOf(random, 40, share) }, { budget });
      }
    };
    windows(500, 0.01);
    windows(300, 0.3);
    expect(state.alarm.open).toBe(true);
    windows(100, 0.3);
    expect(state.alarm.open).toBe(false);
    windows(50, 0.01);
    windows(4, 0.3);
    expect(state.alarm.open).toBe(true);
  });

  it('have the tail of a Poisson distribution', () => {
    // 1 - e^-0.2 (1 + 0.2 + 0.02), by hand.
    expect(poissonTail(3, 0.2)).toBeCloseTo(0.001148, 6);
    expect(poissonTail(1, 2)).toBe(1);
    expect(poissonTail(0, 2)).toBe(1);
  });
});

describe('a typical size', () => {
  const shifts = [Math.log(1.6), Math.log(4)];
  const sample = (random: Random, level: number, count: number) => ({
    mean: Math.log(level) + (0.8 / Math.sqrt(count)) * random.normal(),
    count,
    variance: 0.64,
  });

  it.each([3, 20, 500])('does not alarm by chance with %d values a window', (count) => {
    const random = new Random(5);
    const state = initialLevelChart({ shifts });
    let alarms = 0;
    for (let window = 0; window < 40_000; window++) {
      if (chartLevel(state, sample(random, 80, count), { budget, shifts }).isAnomalous) alarms++;
    }
    expect(alarms).toBe(0);
  });

  it('that doubles alarms in the second window, one that creeps while it has not yet doubled', () => {
    const random = new Random(6);
    const step = initialLevelChart({ shifts });
    const creep = initialLevelChart({ shifts });
    for (let window = 0; window < 800; window++) {
      chartLevel(step, sample(random, 80, 50), { budget, shifts });
      chartLevel(creep, sample(random, 80, 50), { budget, shifts, memory: 720 });
    }
    chartLevel(step, sample(random, 160, 50), { budget, shifts });
    expect(chartLevel(step, sample(random, 160, 50), { budget, shifts }).isAnomalous).toBe(true);
    let found = 0;
    for (let window = 1; window <= 360 && found === 0; window++) {
      const level = 80 * (1 + window / 360);
      if (chartLevel(creep, sample(random, level, 50), { budget, shifts, memory: 720 }).isAnomalous) found = window;
    }
    expect(found).toBeGreaterThan(0);
    expect(found).toBeLessThan(300);
  });

  it('is soon what it was when a slowness is over that had lasted until it was usual', () => {
    const random = new Random(8);
    const state = initialLevelChart({ shifts });
    const pass = (level: number, windows: number) => {
      let alarms = 0;
      for (let window = 0; window < windows; window++) {
        const verdict = chartLevel(state, sample(random, level, 50), { budget, shifts, memory: 720 });
        if (verdict.isAnomalous) alarms++;
      }
      return alarms;
    };
    pass(80, 800);
    // Of 20 minutes, a quarter of an hour is told.
    expect(pass(320, 240)).toBeLessThan(200);
    expect(pass(80, 24)).toBe(0);
    expect(Math.exp(state.level)).toBeGreaterThan(70);
    expect(Math.exp(state.level)).toBeLessThan(100);
    expect(pass(200, 12)).toBeGreaterThan(8);
  });
});

it('windows that depend on those before say less, and a slowness that they do not explain is found as soon', () => {
  const random = new Random(8);
  const options = { budget, shifts: [Math.log(1.6), Math.log(4)], memory: 720 };
  const state = initialLevelChart(options);
  // A first-order autoregression, as the waiting times of a queue whose load wanders.
  let waiting = 0;
  const judge = (slower = 0) => {
    waiting = 0.9 * waiting + 0.25 * Math.sqrt(1 - 0.9 ** 2) * random.normal();
    const mean = 4.5 + waiting + slower + 0.1 * random.normal();
    return chartLevel(state, { mean, count: 30, variance: 0.3 }, options).isAnomalous;
  };
  let alarms = 0;
  for (let window = 0; window < 8000; window++) if (judge()) alarms++;
  expect(alarms).toBe(0);
  expect([1, 2, 3].map(() => judge(Math.log(8)))).toContain(true);
});

describe('a rate', () => {
  const poisson = (random: Random, mean: number) => {
    let count = 0;
    for (let sum = random.exponential(1); sum < mean; sum += random.exponential(1)) count++;
    return count;
  };

  it.each([0.02, 0.5, 3, 40])('of %f a window does not alarm by chance', (mean) => {
    const random = new Random(7);
    const state = initialRateChart();
    let alarms = 0;
    for (let window = 0; window < 40_000; window++) {
      if (chartRate(state, poisson(random, mean), { budget }).isAnomalous) alarms++;
    }
    expect(alarms).toBe(0);
  });

  it.each([
    [40, 15],
    [40, 160],
    [40, 320],
  ])('of %d alarms soon when it is %d, and is over when it is as it was', (before, now) => {
    const random = new Random(8);
    const state = initialRateChart();
    for (let window = 0; window < 400; window++) chartRate(state, poisson(random, before), { budget });
    let delay = 0;
    for (let window = 1; window <= 40; window++) {
      if (chartRate(state, poisson(random, now), { budget }).isAnomalous && delay === 0) delay = window;
    }
    expect(delay).toBeGreaterThan(0);
    expect(delay).toBeLessThanOrEqual(4);
    for (let window = 0; window < 6; window++) chartRate(state, poisson(random, before), { budget });
    expect(state.alarm.open).toBe(false);
  });
});

describe('a new rate', () => {
  it('is not what a batch had that was under way at the start', () => {
    const random = new Random(10);
    const state = initialRateChart();
    let alarms = 0;
    for (let window = 0; window < 200; window++) {
      const isBatch = window < 18;
      if (chartRate(state, (isBatch ? 50 : 14) + random.below(12), { budget }).isAnomalous) alarms++;
    }
    expect(alarms).toBe(0);
  });
});

describe('a surge of a small rate', () => {
  it('is over when it is, also where it was seen in a single window', () => {
    const options = { budget: { windows: 10_080, charts: 160 }, factors: [8, 30], leastWindows: 1, judgedAfter: 12 };
    const state = initialRateChart(options.factors);
    const random = new Random(9);
    const usual = () => 4 + random.below(4);
    for (let window = 0; window < 200; window++) chartRate(state, usual(), options);
    expect(chartRate(state, 60, options).isAnomalous).toBe(true);
    for (let window = 0; window < 4; window++) chartRate(state, usual(), options);
    expect(state.alarm.open).toBe(false);
  });
});

describe('what comes again and again', () => {
  const MINUTE_MS = 60_000;
  /** Not at round times: then two are enough. */
  const FROM_MS = 100_000;
  const at = (state: ReturnType<typeof initialRecurrence>, ms: number, excess = 1.3, isWork = true) => {
    const time = FROM_MS + ms;
    const isUsual = isRecurring(state, { time, windowMs: 5000, isFar: true, excess, isWork });
    isRecurring(state, { time: time + 5000, windowMs: 5000, isFar: false, excess: 0, isWork });
    return isUsual;
  };

  it.each([5 * MINUTE_MS, 60 * MINUTE_MS, 24 * 60 * MINUTE_MS])('every %d ms is usual the third time', (period) => {
    const state = initialRecurrence();
    expect([0, 1, 2, 3, 4].map((n) => at(state, n * period))).toEqual([false, false, true, true, true]);
  });

  it.each([2, 20, 30])('every %d minutes is usual the third time, found a window or two sooner or later', (minutes) => {
    const state = initialRecurrence();
    const late = minutes < 20 ? [0, 0, 5000, 0, 5000] : [5000, 15_000, 10_000, 5000, 15_000];
    const times = late.map((ms, n) => n * minutes * MINUTE_MS + ms);
    expect(times.map((time) => at(state, time))).toEqual([false, false, true, true, true]);
  });

  it('are failures, which are usual where they come each day, and not each quarter of an hour or at other even distances', () => {
    const failures = (periodMs: number) => {
      const state = initialRecurrence();
      return [0, 1, 2, 3, 4, 5].map((n) => at(state, n * periodMs, 1.3, false));
    };
    expect(failures(15 * MINUTE_MS)).not.toContain(true);
    expect(failures(437_000)).not.toContain(true);
    expect(failures(24 * 60 * MINUTE_MS)).toEqual([false, false, true, true, true, true]);
  });

  it('each 7 minutes, found a window or two sooner or later, is usual from the fifth time on at the latest', () => {
    const random = new Random(13);
    const state = initialRecurrence();
    const isUsual = Array.from({ length: 50 }, (_, n) => at(state, n * 7 * MINUTE_MS + 5000 * random.below(3)));
    expect(isUsual.slice(0, 3)).toEqual([false, false, false]);
    expect(isUsual.slice(4)).not.toContain(false);
  });

  it('hides nothing that goes much further, however often that comes, until it is what mostly comes', () => {
    const state = initialRecurrence();
    const excesses = [0.25, 0.3, 0.28, 0.95, 0.25, 0.95, 0.95, 0.95, 0.95];
    expect(excesses.map((excess, n) => at(state, n * 12 * MINUTE_MS, excess))).toEqual([
      ...[false, false, true, false, true, false, false, false, true],
    ]);
  });

  it('is work at round times is usual the second time, unless it goes much further', () => {
    const begins = (minutes: readonly number[], excess: number, isWork = true) => {
      const state = initialRecurrence();
      return minutes.map((minute, n) => {
        const time = minute * MINUTE_MS;
        const isUsual = isRecurring(state, { time, windowMs: 5000, isFar: true, excess: n === 0 ? 1 : excess, isWork });
        isRecurring(state, { time: time + 5000, windowMs: 5000, isFar: false, excess: 0 });
        return isUsual;
      });
    };
    expect(begins([600, 660], 1.4)).toEqual([false, true]);
    expect(begins([600, 620], 2.9)).toEqual([false, true]);
    expect(begins([600, 660], 3.1)).toEqual([false, false]);
    // Not on a round minute, at no distance that clocks have, or failures.
    expect(begins([603, 663], 1)).toEqual([false, false]);
    expect(begins([600, 635], 1)).toEqual([false, false]);
    expect(begins([600, 660], 1, false)).toEqual([false, false]);
  });

  it('at any other distance is usual the fourth time, and at none it never is', () => {
    const state = initialRecurrence();
    expect([0, 1, 2, 3, 4].map((n) => at(state, n * 437_000))).toEqual([false, false, false, true, true]);
    const random = new Random(9);
    const others = initialRecurrence();
    let time = 0;
    let usual = 0;
    for (let n = 0; n < 200; n++) {
      time += 20 * MINUTE_MS + random.below(40 * MINUTE_MS);
      if (at(others, time)) usual++;
    }
    // Of two hundred at random a few are at such distances by chance.
    expect(usual).toBeLessThanOrEqual(8);
  });
});
