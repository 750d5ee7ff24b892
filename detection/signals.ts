import type { Learning } from './expectation.js';
import { raised, rootOf } from './raised.js';
import { addToTail, emptyTail, surpriseOf, type Tail, type TailTuning } from './tail.js';

/**
 * What is watched of a series' deviations from what was expected: the deviation itself; the innovation, which is what
 * is new in it against the one before; drifts, which are means over several spans; activities, which are how much the
 * series moves lately against what it usually does. How rare each is, its own history says.
 */
export interface SignalsState {
  /** The last deviation, and how deviations follow each other. */
  deviation: number;
  covariance: number;
  variance: number;
  readonly drifts: number[];
  readonly activities: number[];
  usualActivity: number;
  /** Deviation, innovation, drifts, activities. */
  readonly signals: readonly Signal[];
}

interface Signal {
  /** Its usual size. */
  scale: number;
  /** How often it was how many times that. */
  readonly tail: Tail;
}

export interface SignalsTuning extends TailTuning {
  /** Values over which drifts are means. */
  readonly driftSpans: readonly number[];
  /** A deviation enters drifts as at most this many usual ones. */
  readonly driftClip: number;
  /** Values over which activities are means. */
  readonly activitySpans: readonly number[];
  /** Values over which usual sizes are means. */
  readonly scaleSpan: number;
  /** A size enters its usual size as at most this many of it. */
  readonly clip: number;
  /** How signals add up, as a vector's norm: the higher, the more the most surprising one alone decides. */
  readonly norm: number;
}

/** A value's signals before they are learned. */
export interface Measured {
  readonly deviation: number;
  readonly innovation: number;
  readonly sizes: readonly number[];
  readonly usualSizes: readonly number[];
}

/** An activity is a logarithm of a ratio: one that is off by less than this is as usual. */
const MIN_LOG_RATIO = 0.05;
const MAX_CORRELATION = 0.98;
const ACTIVITY_CLIP = 10;

export function noSignals({ activitySpans, driftSpans }: SignalsTuning): SignalsState {
  return {
    deviation: 0,
    covariance: 0,
    variance: 0,
    drifts: driftSpans.map(() => 0),
    activities: activitySpans.map(() => 0),
    usualActivity: 0,
    signals: Array.from({ length: 2 + driftSpans.length + activitySpans.length }, () => ({
      scale: 0,
      tail: emptyTail(),
    })),
  };
}

/** Sizes under `floor` are none. */
export function measure(state: SignalsState, deviation: number, floor: number, tuning: SignalsTuning): Measured {
  const correlation = state.variance > 0 ? state.covariance / state.variance : 0;
  const innovation = deviation - Math.max(0, Math.min(MAX_CORRELATION, correlation)) * state.deviation;
  const { activitySpans, driftSpans } = tuning;
  const sizes = [Math.abs(deviation), Math.abs(innovation)];
  for (let i = 0; i < driftSpans.length; i++) {
    sizes.push(Math.abs(towards(state.drifts[i] ?? 0, deviation, driftSpans[i] as number)));
  }
  for (let i = 0; i < activitySpans.length; i++) {
    const activity = towards(state.activities[i] ?? 0, Math.abs(innovation), activitySpans[i] as number);
    sizes.push(Math.abs(Math.log((activity + floor) / (state.usualActivity + floor))));
  }
  const amounts = 2 + driftSpans.length;
  const usualSizes: number[] = [];
  for (let i = 0; i < sizes.length; i++) {
    usualSizes.push(Math.max((state.signals[i] as Signal).scale, i < amounts ? floor : MIN_LOG_RATIO));
  }
  return { deviation, innovation, sizes, usualSizes };
}

/** How surprising all signals are together. */
export function surpriseOfSignals(
  { signals }: SignalsState,
  { sizes, usualSizes }: Measured,
  tuning: SignalsTuning,
): number {
  const { norm } = tuning;
  let sum = 0;
  for (let i = 0; i < signals.length; i++) {
    const { tail } = signals[i] as Signal;
    sum += raised(Math.max(0, surpriseOf(tail, (sizes[i] ?? 0) / (usualSizes[i] ?? 1), tuning)), norm);
  }
  return rootOf(sum, norm);
}

/** Learns what was measured; `weight` is how much of it is learned of tails. */
export function learnSignals(
  state: SignalsState,
  { deviation, innovation, sizes, usualSizes }: Measured,
  { n, isWarm, floor }: Learning,
  weight: number,
  tuning: SignalsTuning,
): void {
  const span = Math.min(n, tuning.scaleSpan);
  for (let i = 0; i < state.signals.length; i++) {
    const signal = state.signals[i] as Signal;
    const size = sizes[i] ?? 0;
    const usual = usualSizes[i] ?? 1;
    if (isWarm) addToTail(signal.tail, size / usual, weight, tuning);
    signal.scale = towards(signal.scale, isWarm ? Math.min(size, tuning.clip * usual) : size, span);
  }
  const usualDeviation = usualSizes[0] ?? floor;
  const usualInnovation = usualSizes[1] ?? floor;
  const before = clipped(state.deviation, tuning.clip * usualDeviation);
  const now = clipped(deviation, tuning.clip * usualDeviation);
  state.covariance = towards(state.covariance, now * before, span);
  state.variance = towards(state.variance, now * now, span);
  state.deviation = deviation;
  const { activitySpans, driftSpans } = tuning;
  const drift = clipped(deviation, tuning.driftClip * usualDeviation);
  for (let i = 0; i < driftSpans.length; i++) {
    state.drifts[i] = towards(state.drifts[i] ?? 0, drift, driftSpans[i] as number);
  }
  const size = Math.abs(innovation);
  const activity = Math.min(size, ACTIVITY_CLIP * usualInnovation);
  for (let i = 0; i < activitySpans.length; i++) {
    state.activities[i] = towards(state.activities[i] ?? 0, activity, activitySpans[i] as number);
  }
  const limited = Math.min(size, tuning.clip * Math.max(state.usualActivity, floor));
  state.usualActivity = towards(state.usualActivity, limited, span);
}

/** One step of an exponentially weighted mean over `span` values. */
function towards(mean: number, value: number, span: number): number {
  return mean + (value - mean) / span;
}

function clipped(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}
