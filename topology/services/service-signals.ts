import type { Budget } from '../../detection/alarm.js';
import {
  type CountChartOptions,
  type CountChartState,
  type CountedWindow,
  chartCounts,
  initialCountChart,
  letInCounts,
} from '../../detection/count-chart.js';
import { chartLevel, initialLevelChart, type LevelChartState, type Sample } from '../../detection/level-chart.js';
import { chartRate, initialRateChart, type RateChartState } from '../../detection/rate-chart.js';
import type { Severity } from '../../schemas/records.js';
import { percent, short } from '../monitoring/numbers-in-words.js';
import type { ChartSignal } from '../monitoring/signals.js';
import type { LineStatistics } from './line-statistics.js';

/** What was a fault does not become usual, however long it lasts. */
const NEVER_USUAL = { adoptedAfter: Number.POSITIVE_INFINITY };
/** Fewer responses say nothing of a typical time. */
const MIN_RESPONSES = 3;

interface CountSignalOptions<O> {
  readonly chart: string;
  readonly field: string;
  readonly severity: Severity;
  readonly tally: (observation: O) => CountedWindow | undefined;
  /** What the failures are, such as "are errors". */
  readonly words: string;
  /** What is counted, such as "lines". */
  readonly events: string;
  readonly options: CountChartOptions;
}

/** A share of failures that is judged by their count. */
export function countSignal<O>({
  chart,
  events,
  field,
  options,
  severity,
  tally,
  words,
}: CountSignalOptions<O>): ChartSignal<O> {
  return {
    ...{ chart, field, severity },
    initial: () => initialCountChart(options.odds),
    letIn: (state) => letInCounts(state as CountChartState, options),
    judge(state, observation, keepsOut) {
      const counted = tally(observation);
      if (counted === undefined) return undefined;
      const verdict = chartCounts(
        state as CountChartState,
        counted,
        keepsOut ? { ...options, adopts: false } : options,
      );
      const { count, expected, failures, onceIn } = verdict.evidence;
      return {
        ...verdict,
        explain: () =>
          `${percent(verdict.value)} of ${short(count)} ${events} ${words}: ${short(failures)}, where ${short(expected)} ` +
          `${expected === 1 ? 'is' : 'are'} to be expected, by chance once in ${windows(onceIn)} windows`,
      };
    },
  };
}

function windows(onceIn: number): string {
  return onceIn >= 1e6 ? 'more than a million' : short(onceIn);
}

interface LevelSignalOptions<O> {
  readonly chart: string;
  readonly field: string;
  readonly severity: Severity;
  readonly budget: Budget;
  /** Of logarithms. */
  readonly sample: (observation: O) => Sample | undefined;
  /** Factors that are watched for; those under 1 are falls. */
  readonly factors: readonly number[];
  readonly memory?: number;
  /** Windows that an alarm takes: 2. */
  readonly leastWindows?: number;
  readonly explain: (value: number, sample: Sample) => string;
}

/** A typical size, judged by factors. */
export function levelSignal<O>(signal: LevelSignalOptions<O>): ChartSignal<O> {
  const { budget, chart, explain, factors, field, leastWindows = 2, memory, sample, severity } = signal;
  const options = { budget, leastWindows, shifts: factors.map(Math.log), ...(memory !== undefined && { memory }) };
  const isTwoSided = factors.some((factor) => factor < 1);
  return {
    ...{ chart, field, severity, isWork: true },
    initial: () => initialLevelChart(options),
    judge(state, observation, keepsOut) {
      const sampled = sample(observation);
      if (sampled === undefined) return undefined;
      const { expected, ...verdict } = chartLevel(
        state as LevelChartState,
        sampled,
        keepsOut ? { ...options, ...NEVER_USUAL } : options,
      );
      const value = Math.max(0, Math.expm1(sampled.mean));
      const low = Math.max(0, Math.expm1(expected.low));
      const high = Math.expm1(expected.high);
      return {
        ...verdict,
        value,
        expected: { low: Number.isFinite(expected.low) ? low : expected.low, high },
        explain: () =>
          `${explain(value, sampled)}, where ${isTwoSided ? `${short(low)} to ${short(high)} is usual` : `${short(high)} is the most`}`,
      };
    },
  };
}

/** How many lines there are. */
export function rateSignal<O>(options: {
  readonly chart: string;
  readonly field: string;
  readonly severity: Severity;
  readonly budget: Budget;
  readonly count: (observation: O) => number;
  readonly factors: readonly number[];
  readonly events: string;
  /** Windows that an alarm takes: 2. */
  readonly leastWindows?: number;
  /** Windows before the first is judged: 60. */
  readonly judgedAfter?: number;
  /** Windows over which the usual rate is a mean: 60. */
  readonly memory?: number;
}): ChartSignal<O> {
  const { budget, chart, count, events, factors, field, judgedAfter, leastWindows = 2, memory, severity } = options;
  return {
    ...{ chart, field, severity, isWork: true },
    initial: () => initialRateChart(factors),
    judge(state, observation, keepsOut) {
      const value = count(observation);
      const rate = state as RateChartState;
      // What is not there at all is silence, but where there are few anyway.
      if (value === 0 && rate.mean > FEW) return undefined;
      const verdict = chartRate(rate, value, {
        budget,
        factors,
        ...(judgedAfter !== undefined && { judgedAfter }),
        ...(memory !== undefined && { memory }),
        leastWindows,
        ...(keepsOut && NEVER_USUAL),
      });
      const { high, low } = verdict.expected;
      return {
        ...verdict,
        value,
        explain: () => `${short(value)} ${events}, where ${short(low)} to ${short(high)} is usual`,
      };
    },
  };
}

const FEW = 8;

interface SlowState {
  readonly chart: CountChartState;
  /** The logarithm of the time that one in twenty responses is over, as it is learned. */
  limit: number;
  seen: number;
}

/** From here on it is doubtful whether a window is usual. */
const DOUBTFUL_SCORE = 0.25;
const SLOW_SHARE = 0.05;
const SLOW_WARMUP = 6;
/** Of the logarithm, with each window: less and less, but so much in the end, so that a few minutes do not move it far. */
const SLOW_STEP = 0.02;
const LEAST_SLOW_STEP = 0.003;
const SLOW_STEPS = 60;
/** A response is slow that takes so many times as long as nineteen of twenty do. */
const SLOW_FACTOR = 2;

/** The share of responses that take twice as long as nineteen of twenty usually do: what a mean hides. */
export function slowSignal<O extends Pick<LineStatistics, 'sketch'>>(
  chart: string,
  field: string,
  options: CountChartOptions,
): ChartSignal<O> {
  return {
    ...{ chart, field, severity: 'critical', isWork: true },
    initial: (): SlowState => ({ chart: initialCountChart(options.odds), limit: 0, seen: 0 }),
    letIn: (state) => letInCounts((state as SlowState).chart, options),
    judge(known, { sketch }, keepsOut) {
      const state = known as SlowState;
      const { count } = sketch;
      if (count === 0) return undefined;
      const own = Math.log1p(sketch.quantile(1 - SLOW_SHARE) ?? 0);
      if (state.seen < SLOW_WARMUP) {
        state.seen++;
        state.limit += (own - state.limit) / state.seen;
        return undefined;
      }
      const limit = Math.expm1(state.limit);
      const failures = sketch.countAbove(SLOW_FACTOR * limit);
      const verdict = chartCounts(state.chart, { count, failures }, keepsOut ? { ...options, adopts: false } : options);
      if (verdict.score < DOUBTFUL_SCORE) {
        // A quantile by stochastic approximation (Robbins and Monro, 1951): a window of any size moves it.
        const over = sketch.countAbove(limit) / count - SLOW_SHARE;
        const most = Math.max(LEAST_SLOW_STEP, SLOW_STEP / (1 + (state.seen - SLOW_WARMUP) / SLOW_STEPS));
        const step = most * Math.min(1, count / 20) * Math.max(-1, Math.min(1, over / SLOW_SHARE));
        state.limit = Number((state.limit + step).toPrecision(8));
        state.seen++;
      }
      const { evidence } = verdict;
      return {
        ...verdict,
        explain: () =>
          `${percent(verdict.value)} of ${short(evidence.count)} responses took more than ${short(SLOW_FACTOR * limit)} ms: ` +
          `${short(evidence.failures)}, where ${short(evidence.expected)} are to be expected`,
      };
    },
  };
}

/** A response time's typical value, of windows with enough of them. */
export function typicalTimes({ logTimes, sketch }: LineStatistics): Sample | undefined {
  if (logTimes.count < MIN_RESPONSES || logTimes.mean === null) return undefined;
  return {
    ...{ mean: logTimes.mean, count: logTimes.count, variance: (logTimes.stddev ?? 0) ** 2 },
    quarter: () => Math.log1p(sketch.quantile(0.25) ?? 0),
  };
}

export function typicalBytes({ logBytes }: LineStatistics): Sample | undefined {
  if (logBytes.count < MIN_RESPONSES || logBytes.mean === null) return undefined;
  return { mean: logBytes.mean, count: logBytes.count, variance: (logBytes.stddev ?? 0) ** 2 };
}
