import { alarmLimit, type Budget, closeAlarm, initialAlarm, learnEvidence, openAlarm } from './alarm.js';
import {
  ALONE,
  addEvidence,
  type ChartState,
  chartScore,
  closeChart,
  GOOD_LIMIT,
  mostEvidence,
  mostOfWindow,
  WARMUP,
} from './chart.js';
import type { Verdict } from './detector.js';
import { rounded } from './rounded.js';
import { logRatio, type Tally } from './tally.js';

export interface CountChartOptions {
  readonly budget: Budget;
  /** Alternatives that are watched: the odds of a failure are so many times the usual ones. */
  readonly odds?: readonly number[];
  /** What is never an alarm: fewer failures since they began, or a smaller share of the events. */
  readonly leastFailures?: number;
  readonly leastShare?: number;
  /** The smallest share that is an alarm where failures came in many windows: what lasts is no burst. Default: `leastShare`. */
  readonly leastLastingShare?: number;
  /** Whether windows may depend on those before, as waiting times do: then what they add up to in a minute counts, too. */
  readonly areDependent?: boolean;
  /** Windows over which the usual share is a mean. */
  readonly memory?: number;
  /** Windows with a failure that an alarm takes: 2. */
  readonly leastWindows?: number;
  /** Whether what lasts becomes usual: true. */
  readonly adopts?: boolean;
}

/** What is counted in a window. */
export interface CountedWindow extends Tally {
  /** In how many seconds of it something failed: what fails in several is no single burst. Default: not known. */
  readonly seconds?: number | undefined;
}

export interface CountChartState extends ChartState {
  /** What is usual, fading: of so many events so many failed. */
  count: number;
  failures: number;
  /** How far windows were from what was expected, squared, and what was expected: failures that come in bursts are further. */
  squares: number;
  expected: number;
  /** Of dependent windows: their distances, summed and fading, and how far that went, squared. */
  tide?: number;
  tides?: number;
  /** Since there is evidence. */
  since: Since;
  /** The share before the last one that was taken for usual in its place. */
  former: number | null;
}

type Least = Required<Pick<CountChartOptions, 'leastFailures' | 'leastShare' | 'leastLastingShare' | 'leastWindows'>>;

interface Since {
  squares: number;
  tides?: number;
  windows: number;
  /** Windows with a failure. */
  failing: number;
  count: number;
  failures: number;
  expected: number;
}

/** Why: so many failures among so many events, where fewer are usual. */
export interface Evidence {
  readonly failures: number;
  readonly count: number;
  readonly expected: number;
  /** By chance so many failures come once in so many windows. */
  readonly onceIn: number;
}

export interface CountVerdict extends Verdict {
  /** The share of failures since there is evidence. */
  readonly value: number;
  readonly evidence: Evidence;
  /** Too little has been seen to say what is usual. */
  readonly isLearning: boolean;
}

const ODDS = [2, 4, 12, 60];
const MIN_FAILURES = 3;
const MIN_SHARE = 0.002;
const MEMORY = 720;
/** With more evidence nothing is learned for so many windows; then it is, but less of it. */
const HOLD_FROM = 1;
const HOLD_WINDOWS = 60;
const DOUBTFUL_WEIGHT = 0.3;
/** What is kept of a sum of distances with each window: it is of about a minute of windows of five seconds. */
const TIDE_KEPT = 1 - 1 / 12;
/** An hour has sixty minutes: by chance they go so many times as far as is expected, two standard errors of a variance. */
const TIDES_BY_CHANCE = 1 + 2 * Math.sqrt(2 / 60);
/** An alarm that has been open for so many windows is what is usual now: half an hour of windows of five seconds. */
const ADOPTED_AFTER = 360;
const MAX_ONCE_IN = 1e12;
/** A window alone is an alarm when it has failures in so many seconds, and so many times the evidence that several take. */
const LASTING_SECONDS = 3;
/** Windows with a failure after which it lasts. */
const LASTING_WINDOWS = 6;

export function initialCountChart(odds: readonly number[] = ODDS): CountChartState {
  return {
    ...{ alarm: initialAlarm(), count: 0, failures: 0, squares: 0, expected: 0 },
    ...{ evidence: odds.map(() => 0), since: nothing(), good: 0, former: null },
  };
}

/**
 * Finds that more of some events fail than usual: failures are counted, and judged as counts. CUSUM charts (Page,
 * "Continuous inspection schemes", Biometrika 41, 1954) add up the log-likelihood ratios of several higher shares against the
 * learned one, of which the upper bound is taken that what was seen allows. `state` is changed in place.
 */
export function chartCounts(
  state: CountChartState,
  { count, failures, seconds = 0 }: CountedWindow,
  {
    adopts = true,
    areDependent = false,
    budget,
    leastFailures = MIN_FAILURES,
    leastShare = MIN_SHARE,
    leastLastingShare = leastShare,
    leastWindows = 2,
    memory = MEMORY,
    odds = ODDS,
  }: CountChartOptions,
): CountVerdict {
  const { alarm } = state;
  const usual = usualShare(state);
  const spread = burstiness(state);
  const limit = alarmLimit(alarm, budget);
  const isLearning = alarm.seen < WARMUP;
  const isLasting = seconds >= LASTING_SECONDS;
  const expected = count * usual;
  if (count > 0 && !isLearning) {
    const most = mostOfWindow(limit, leastWindows);
    addEvidence(state, odds, limit, (times) => {
      const ratio = logRatio({ count, failures }, shareOfOdds(usual, times), usual) / spread;
      return isLasting && ratio > ALONE * most ? ratio / ALONE : Math.min(most, ratio);
    });
  }
  const evidence = mostEvidence(state);
  addTo(state, { count, failures }, { areDependent, expected, spread });
  if (isLasting) state.since.failing = Math.max(state.since.failing, leastWindows);
  if (alarm.open) closeWhenUsual(state, { count, failures }, usual);
  else if (evidence > limit && isEnough(state.since, { leastFailures, leastShare, leastLastingShare, leastWindows })) {
    openAlarm(alarm);
    state.good = 0;
  }
  if (!alarm.open) returnToFormer(state, { count, failures }, usual);
  const { since } = state;
  const verdict: CountVerdict = {
    score: chartScore(state, evidence, limit),
    isAnomalous: alarm.open,
    value: since.count === 0 ? (count === 0 ? 0 : failures / count) : since.failures / since.count,
    expected: { low: 0, high: highShare(count, usual, spread) },
    evidence: {
      ...{ failures: since.failures, count: since.count, expected: since.expected },
      onceIn: alarm.open ? onceIn(since, spread) : 1,
    },
    isLearning,
  };
  if (count > 0) learn(state, { adopts, limit, memory });
  return verdict;
}

function nothing(): Since {
  return { squares: 0, windows: 0, failing: 0, count: 0, failures: 0, expected: 0 };
}

function addTo(
  state: CountChartState,
  { count, failures }: Tally,
  { areDependent, expected, spread }: { areDependent: boolean; expected: number; spread: number },
): void {
  const { since } = state;
  // Distances are clipped: one outage is not a habit.
  const most = 4 * Math.sqrt(spread * expected) + 2;
  const distance = Math.max(-most, Math.min(most, failures - expected));
  since.squares = rounded(since.squares + distance ** 2);
  if (areDependent) {
    // What an alarm is of says nothing of what is usual.
    state.tide = state.alarm.open ? 0 : rounded(TIDE_KEPT * (state.tide ?? 0) + distance);
    since.tides = rounded((since.tides ?? 0) + state.tide ** 2 * (1 - TIDE_KEPT ** 2));
  }
  since.windows++;
  if (failures > 0) since.failing++;
  since.count += count;
  since.failures += failures;
  since.expected = rounded(since.expected + expected);
}

/** The mean of what was seen, and what its chance may have hidden: few events without a failure do not prove that none fails. */
function usualShare({ count, failures }: CountChartState): number {
  return Math.min(0.98, (failures + Math.sqrt(failures + 0.25) + 0.75) / (count + 4));
}

/** How many times as far windows, and what dependent ones add up to, are from what is expected as counts of chance: 1 at least. */
function burstiness({ expected, squares, tides = 0 }: CountChartState): number {
  return Math.max(1, (Math.max(squares, tides / TIDES_BY_CHANCE) + 2) / (expected + 2));
}

function shareOfOdds(share: number, times: number): number {
  const odds = (share / (1 - share)) * times;
  return odds / (1 + odds);
}

function isEnough(
  { count, failing, failures }: Since,
  { leastFailures, leastLastingShare, leastShare, leastWindows }: Least,
): boolean {
  const share = failing >= LASTING_WINDOWS ? leastLastingShare : leastShare;
  return failures >= leastFailures && failing >= leastWindows && failures >= share * count;
}

/** It is over when what comes is more likely by the usual share than by that of the alarm. */
function closeWhenUsual(state: CountChartState, window: Tally, usual: number): void {
  const { alarm, since } = state;
  alarm.openFor++;
  // The newest say most of what the alarm is.
  const alarming = Math.max(shareOfOdds(usual, 2), Math.min(0.98, (since.failures + 0.5) / (since.count + 1)));
  state.good = rounded(Math.max(0, state.good - logRatio(window, alarming, usual)));
  if (state.good < GOOD_LIMIT) return;
  closeChart(state);
  state.since = nothing();
}

/** A high share that was taken for usual, since it lasted, is no longer usual when it is over. */
function returnToFormer(state: CountChartState, window: Tally, usual: number): void {
  const { former } = state;
  if (former === null) return;
  const share = Math.max(former, 0.1 / (state.count + 1));
  state.good = rounded(Math.max(0, state.good + logRatio(window, share, usual)));
  if (state.good < 2 * GOOD_LIMIT) return;
  Object.assign(state, { failures: rounded(former * state.count), former: null, good: 0 });
  state.evidence.fill(0);
}

function learn(
  state: CountChartState,
  { adopts, limit, memory }: { adopts: boolean; limit: number; memory: number },
): void {
  const { alarm, since } = state;
  // Of an alarm that is over, there is none left.
  const evidence = mostEvidence(state);
  if (!alarm.open) learnEvidence(alarm, evidence, limit);
  if (adopts && alarm.openFor >= ADOPTED_AFTER) {
    // It has been so for so long that it is usual now.
    state.former = state.count === 0 ? null : state.failures / state.count;
    Object.assign(state, { failures: since.failures, count: since.count });
    closeAlarm(alarm);
    state.evidence.fill(0);
    state.since = nothing();
    return;
  }
  // What may come to be an alarm is learned when it has not.
  if (alarm.open || (evidence > HOLD_FROM && since.windows < HOLD_WINDOWS)) return;
  learnSince(state, evidence > HOLD_FROM ? DOUBTFUL_WEIGHT : 1, memory);
}

/** What the alarm is of was fine: it is learned as usual, and the alarm is over. `state` is changed in place. */
export function letInCounts(state: CountChartState, { memory = MEMORY }: Pick<CountChartOptions, 'memory'>): void {
  learnSince(state, 1, memory);
  closeChart(state);
}

function learnSince(state: CountChartState, weight: number, memory: number): void {
  const { since } = state;
  const rate = (1 - 1 / memory) ** since.windows;
  state.count = rounded(state.count * rate + weight * since.count);
  state.failures = rounded(state.failures * rate + weight * since.failures);
  state.squares = rounded(state.squares * rate + weight * since.squares);
  if (since.tides !== undefined) state.tides = rounded((state.tides ?? 0) * rate + weight * since.tides);
  state.expected = rounded(state.expected * rate + weight * since.expected);
  state.since = nothing();
}

/** The share that a window of so many events is seldom over. */
function highShare(count: number, usual: number, spread: number): number {
  if (count === 0) return usual;
  const expected = count * usual;
  return Math.min(1, (expected + 3 * Math.sqrt(spread * expected) + 2) / count);
}

function onceIn({ expected, failures, windows }: Since, spread: number): number {
  const chance = poissonTail(Math.ceil(failures / spread), expected / spread);
  return Math.round(Math.min(MAX_ONCE_IN, windows / Math.max(chance, Number.MIN_VALUE)));
}

/** The probability of so many or more where `mean` are expected. */
export function poissonTail(least: number, mean: number): number {
  if (least <= 0 || least <= mean) return 1;
  let term = Math.exp(-mean);
  // The first term of the tail by logarithms, then its successors, which fall by more than mean / least each.
  let logTerm = -mean;
  for (let k = 1; k <= least; k++) logTerm += Math.log(mean / k);
  term = Math.exp(logTerm);
  let sum = 0;
  for (let k = least; term > 0 && k < least + 1000; k++) {
    sum += term;
    term *= mean / (k + 1);
    if (term < sum * 1e-12) break;
  }
  return Math.min(1, sum);
}
