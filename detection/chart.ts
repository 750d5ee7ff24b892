import { type AlarmState, closeAlarm } from './alarm.js';
import { rounded } from './rounded.js';

/** What the charts of counts, rates and levels have in common: evidence that adds up, and an alarm. */
export interface ChartState {
  readonly alarm: AlarmState;
  /** Of each alternative: the logarithm of a likelihood ratio, 0 at least. */
  readonly evidence: number[];
  /** While an alarm is open: what speaks for its end. */
  good: number;
}

/** Windows with values before the first is judged. */
export const WARMUP = 12;
/** What speaks for the end of an alarm, as a logarithm of a likelihood ratio. */
export const GOOD_LIMIT = 4;
/** One window alone is no alarm: it adds so much of the limit at most. */
const MAX_OF_LIMIT = 0.8;
/** But for one that is wrong all the time, with so many times the evidence. */
export const ALONE = 1.5;
/** No more adds up than this many limits, so that what is over is soon forgotten. */
const CAP = 1.2;

/** The most that a window may add. */
export function mostOfWindow(limit: number, leastWindows: number, ofLimit = MAX_OF_LIMIT): number {
  return leastWindows > 1 ? ofLimit * limit : Number.POSITIVE_INFINITY;
}

/**
 * A step of CUSUM charts, one for each alternative: adds what the window says for it. Of windows that depend on each other one
 * says all that it says, and another so many times less: `dependence`, 1 for independent ones. `state` is changed in place.
 */
export function addEvidence<A>(
  { evidence }: ChartState,
  alternatives: readonly A[],
  limit: number,
  saysFor: (alternative: A) => number,
  dependence = 1,
): void {
  alternatives.forEach((alternative, index) => {
    const says = saysFor(alternative);
    const sum = Math.max((evidence[index] ?? 0) + says / dependence, says);
    evidence[index] = rounded(Math.min(CAP * limit, Math.max(0, sum)));
  });
}

/** The most that speaks for an alternative now: nothing once an alarm is over. */
export function mostEvidence({ evidence }: ChartState): number {
  return Math.max(...evidence);
}

/** A half or more while the alarm is open, less before. */
export function chartScore({ alarm }: ChartState, evidence: number, limit: number): number {
  const score = evidence / (evidence + limit);
  return alarm.open ? Math.max(0.5, score) : Math.min(0.49, score);
}

/** The alarm is over, or what it was of is usual now. */
export function closeChart(state: ChartState): void {
  closeAlarm(state.alarm);
  state.evidence.fill(0);
  state.good = 0;
}
