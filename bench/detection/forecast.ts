/** How good forecasts of the next hour are, against the value of the day before: `npm run bench:detection -- --forecast`. */
import { createDetector } from '../../detection/detectors.js';
import { type Forecast, forecastCounts, forecastLogarithms } from '../../detection/forecast.js';
import { UTC } from '../../detection/local-time.js';
import { MULTI_RESOLUTION_TUNING, type MultiResolutionState } from '../../detection/multi-resolution.js';
import { usualDay } from '../../detection/usual-day.js';
import { Random } from '../../producer/random.js';
import type { Series } from './csv-series.js';
import { poisson } from './series-shapes.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Days that are learned before the first forecast, and days of forecasts. */
const LEARNED_DAYS = 3;
const DAYS = 10;
const MINUTES = 60;
const START_MS = Date.UTC(2026, 2, 2);
/** Counts of every five minutes. */
const TWEETS = 'realTweets/Twitter_volume_';
const TWEETS_MS = 5 * MINUTE_MS;

/** The mean of a count a minute, at a time; `random` is of the shape's own. */
interface CountShape {
  readonly name: string;
  readonly mean: (time: number, walk: number, day: number) => number;
}

const daily = (time: number, swing: number) => 1 - swing * Math.cos((2 * Math.PI * time) / DAY_MS);

/** The model of services was made on these; what is held out are NAB's series. */
const SHAPES: readonly CountShape[] = [
  { name: 'a wave of the day, 300 a minute', mean: (time) => 300 * daily(time, 0.6) },
  { name: 'no season, 40 a minute', mean: () => 40 },
  { name: 'days that differ, 200 a minute', mean: (time, _walk, day) => 200 * daily(time, 0.5) * day },
  {
    name: 'office hours with steps, 120 a minute',
    mean: (time) => (time % DAY_MS >= 8 * HOUR_MS && time % DAY_MS < 18 * HOUR_MS ? 120 : 12),
  },
  { name: 'a rate that wanders, 80 a minute', mean: (time, walk) => 80 * daily(time, 0.4) * Math.exp(walk) },
  { name: 'errors, 0.5 a minute by day', mean: (time) => 0.5 * daily(time, 0.8) },
];

interface Accuracy {
  readonly error: number;
  readonly naive: number;
  readonly covered: number;
}

type Model = () => { learn(time: number, count: number): void; forecast(times: readonly number[]): Forecast[] };

const MODELS: Readonly<Record<string, Model>> = {
  services: () => {
    const detector = usualDay();
    const state = detector.initial();
    return {
      learn: (time, count) => void detector.observe(state, time, count),
      forecast: (times) => forecastCounts(state, times, UTC),
    };
  },
  hosts: () => {
    const detector = createDetector();
    const state = detector.initial() as MultiResolutionState;
    const [first] = MULTI_RESOLUTION_TUNING.views;
    return {
      learn: (time, count) => void detector.observe(state, time, Math.log1p(count)),
      forecast: (times) =>
        state.views[0] === undefined || first === undefined
          ? []
          : forecastLogarithms(state.views[0].state, times, UTC, first.tuning),
    };
  },
};

function countsOf({ mean, name }: CountShape, seed: number): Series {
  const random = new Random(seed);
  let walk = 0;
  let day = 1;
  const minutes = Array.from({ length: (LEARNED_DAYS + DAYS) * 24 * MINUTES }, (_, minute) => minute);
  const timestampsMs = minutes.map((minute) => START_MS + minute * MINUTE_MS);
  const values = timestampsMs.map((time) => {
    if (time % DAY_MS === 0) day = random.logNormal(1, 0.15);
    walk = 0.998 * walk + 0.015 * random.normal();
    return poisson(mean(time, walk, day), random);
  });
  return { name, timestampsMs, values };
}

function accuracyOf({ timestampsMs, values }: Series, everyMs: number, model: ReturnType<Model>): Accuracy {
  const [ofDay, ofHour] = [DAY_MS / everyMs, HOUR_MS / everyMs];
  let [error, naive, covered, steps] = [0, 0, 0, 0];
  for (const [at, count] of values.entries()) {
    if (at >= LEARNED_DAYS * ofDay && at % ofHour === 0) {
      const forecasts = model.forecast(timestampsMs.slice(at, at + ofHour));
      for (const [index, { expected, high, low }] of forecasts.entries()) {
        const actual = values[at + index] ?? 0;
        error += Math.abs(actual - expected);
        naive += Math.abs(actual - (values[at + index - ofDay] ?? 0));
        if (actual >= low && actual <= high) covered++;
        steps++;
      }
    }
    model.learn(timestampsMs[at] ?? 0, count);
  }
  return { error: error / steps, naive: naive / steps, covered: covered / steps };
}

/**
 * A table of mean absolute errors, in times of the seasonal-naive forecast's, and of how often the range holds.
 *
 * @param real series, of which those of NAB that count tweets are taken
 */
export function measureForecasts(seed: number, real: readonly Series[]): string {
  const row = (series: Series, name: string, everyMs: number) => {
    const cells = Object.values(MODELS).map((model) => {
      const { covered, error, naive } = accuracyOf(series, everyMs, model());
      return `${(error / naive).toFixed(2)} | ${(100 * covered).toFixed(1)} %`;
    });
    return `| ${name} | ${cells.join(' | ')} |`;
  };
  const heads = Object.keys(MODELS).map((name) => `${name}: error / naive | within the range`);
  return [
    `| a forecast of the next hour | ${heads.join(' | ')} |`,
    '| --- | ---: | ---: | ---: | ---: |',
    ...SHAPES.map((shape) => row(countsOf(shape, seed), shape.name, MINUTE_MS)),
    ...real
      .filter(({ name }) => name.startsWith(TWEETS))
      .map((series) => row(series, `NAB, ${series.name.slice(TWEETS.length)}`, TWEETS_MS)),
  ].join('\n');
}
