import type { Random } from '../../producer/random.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** What a fault does to a value; the shape's own mean and usual deviation at that time are given. */
export type Distortion = (value: number, mean: number, deviation: number) => number;

/** Normal traffic of one kind. */
export interface Shape {
  readonly name: string;
  /** What was tuned was tuned on these; the others are for the report. */
  readonly isTuned: boolean;
  readonly everyMs: number;
  /** Of counts and times factors count: their logarithm is judged, as the pipelines do. */
  readonly scale: 'linear' | 'log';
  readonly draw: (timestampMs: number, random: Random) => { value: number; mean: number; deviation: number };
  readonly faults: readonly (keyof typeof DISTORTIONS)[];
}

export const DISTORTIONS = {
  outage: () => 0,
  '-60 %': (value) => Math.round(0.4 * value),
  '×4': (value) => 4 * value,
  '6× slower': (value) => 6 * value,
  '+10 σ': (value, _mean, deviation) => value + 10 * deviation,
  '-10 σ': (value, _mean, deviation) => value - 10 * deviation,
} satisfies Record<string, Distortion>;

/** A Poisson variable: by Knuth's products, or the normal one that it is like. */
export function poisson(mean: number, random: Random): number {
  if (mean > 60) return Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normal()));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.uniform(); product > limit; product *= random.uniform()) count++;
  return count;
}

/** 1 in the mean over a day, 1 + `swing` at noon, 1 - `swing` at midnight. */
function day(timestampMs: number, swing: number): number {
  return 1 - swing * Math.cos((2 * Math.PI * timestampMs) / DAY_MS);
}

function counts(meanAt: (timestampMs: number) => number, burst = 0): Shape['draw'] {
  return (timestampMs, random) => {
    const mean = meanAt(timestampMs);
    // With bursts a negative binomial one: a Poisson variable whose mean varies from value to value.
    const drawn = burst === 0 ? mean : mean * Math.exp(burst * random.normal() - burst ** 2 / 2);
    return { value: poisson(drawn, random), mean, deviation: Math.sqrt(mean + (mean * burst) ** 2) };
  };
}

function around(meanAt: (timestampMs: number) => number, deviation: number): Shape['draw'] {
  return (timestampMs, random) => {
    const mean = meanAt(timestampMs);
    return { value: mean + deviation * random.normal(), mean, deviation };
  };
}

function times(median: (timestampMs: number) => number, sigma: number): Shape['draw'] {
  return (timestampMs, random) => {
    const mean = median(timestampMs);
    return { value: random.logNormal(mean, sigma), mean, deviation: mean * sigma };
  };
}

const TRAFFIC_FAULTS = ['outage', '-60 %', '×4'] as const;
const LEVEL_FAULTS = ['+10 σ', '-10 σ'] as const;
/** A working day has 1, Saturday and Sunday have less. */
const week = (timestampMs: number) => (Math.floor(timestampMs / DAY_MS) % 7 >= 5 ? 0.5 : 1);

export const SHAPES: readonly Shape[] = [
  {
    name: 'requests with a day, 200 a minute',
    isTuned: true,
    everyMs: MINUTE_MS,
    scale: 'log',
    draw: counts((time) => 200 * day(time, 0.6)),
    faults: TRAFFIC_FAULTS,
  },
  {
    name: 'requests without a season, 30 a minute',
    isTuned: true,
    everyMs: MINUTE_MS,
    scale: 'log',
    draw: counts(() => 30),
    faults: TRAFFIC_FAULTS,
  },
  {
    name: 'response times with a day',
    isTuned: true,
    everyMs: MINUTE_MS,
    scale: 'log',
    draw: times((time) => 80 * day(time, 0.3), 0.15),
    faults: ['6× slower'],
  },
  {
    name: 'a level with noise',
    isTuned: true,
    everyMs: MINUTE_MS,
    scale: 'linear',
    draw: around(() => 50, 2),
    faults: LEVEL_FAULTS,
  },
  {
    name: 'a heavy tail',
    isTuned: true,
    everyMs: MINUTE_MS,
    scale: 'log',
    draw: times(() => 100, 0.6),
    faults: ['6× slower'],
  },
  {
    name: 'bursts with a day, 900 a minute',
    isTuned: false,
    everyMs: MINUTE_MS,
    scale: 'log',
    draw: counts((time) => 900 * day(time, 0.7), 0.15),
    faults: TRAFFIC_FAULTS,
  },
  {
    name: 'a week with week-ends, every 5 minutes',
    isTuned: false,
    everyMs: 5 * MINUTE_MS,
    scale: 'log',
    draw: counts((time) => 400 * day(time, 0.5) * week(time)),
    faults: TRAFFIC_FAULTS,
  },
  {
    name: 'growth of 4 % a day, 60 a minute',
    isTuned: false,
    everyMs: MINUTE_MS,
    scale: 'log',
    draw: counts((time) => 60 * 1.04 ** (time / DAY_MS) * day(time, 0.4)),
    faults: TRAFFIC_FAULTS,
  },
  {
    name: 'requests every 20 seconds, 40 each',
    isTuned: false,
    everyMs: 20_000,
    scale: 'log',
    draw: counts((time) => 40 * day(time, 0.3)),
    faults: TRAFFIC_FAULTS,
  },
  {
    name: 'a batch each hour, 100 a minute',
    isTuned: false,
    everyMs: MINUTE_MS,
    scale: 'log',
    draw: counts((time) => (time % (60 * MINUTE_MS) < 3 * MINUTE_MS ? 250 : 100)),
    faults: ['outage', '×4'],
  },
  {
    name: 'a heavier tail, every 5 minutes',
    isTuned: false,
    everyMs: 5 * MINUTE_MS,
    scale: 'log',
    draw: times((time) => 200 * day(time, 0.2), 0.8),
    faults: ['6× slower'],
  },
  {
    name: 'a daily wave with noise',
    isTuned: false,
    everyMs: MINUTE_MS,
    scale: 'linear',
    draw: around((time) => 20 + 5 * day(time, 1), 0.7),
    faults: LEVEL_FAULTS,
  },
];
