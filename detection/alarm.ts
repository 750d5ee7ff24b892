/**
 * When evidence that adds up is an alarm: a limit in nats that comes of a budget of false alarms, and is higher for a
 * series whose evidence wanders more than chance says it should.
 */
export interface AlarmState {
  /** Windows that were judged. */
  seen: number;
  /** The most evidence in this block of windows, and how many of them there were. */
  peak: number;
  windows: number;
  /** The same of the block before, which is learned when no alarm follows it. */
  before: number | null;
  /** Blocks, those of them over `EXCESS_FROM`, and by how much these were, in sum; fading. */
  blocks: number;
  exceeding: number;
  excess: number;
  open: boolean;
  /** For how many windows. */
  openFor: number;
}

/** How seldom chance may alarm. */
export interface Budget {
  /** Windows in the time for which one false alarm is allowed, of all charts together. */
  readonly windows: number;
  /** Charts that share it. */
  readonly charts: number;
  /** How far evidence is taken to wander before that is known, in times of what chance alone does. Default 1. */
  readonly restlessness?: number;
  /** While a series is new its limit is higher, for so many windows. Default 24. */
  readonly newWindows?: number;
}

const BLOCK = 12;
const EXCESS_FROM = 2;
/** Chance alone exceeds by one nat in the mean; this many blocks are taken for seen before the first is. */
const PRIOR_BLOCKS = 8;
const PRIOR_SHARE = 0.5;
/** Blocks that are remembered: half a day of windows of five seconds. */
const MEMORY = 720;
/** However restless a series is, so many times its budget's limit is an alarm. */
const MAX_LIMITS = 5;
/** While a series is new, the limit is higher by this factor, falling with so many windows. */
const NEW_FACTOR = 2;
const NEW_WINDOWS = 24;

export function initialAlarm(): AlarmState {
  return { seen: 0, peak: 0, windows: 0, before: null, blocks: 0, exceeding: 0, excess: 0, open: false, openFor: 0 };
}

/** Wald's inequality: evidence reaches the limit by chance once in e^limit windows. */
export function budgetLimit({ charts, windows }: Budget): number {
  return Math.log(windows * charts);
}

/** The evidence that is an alarm now. */
export function alarmLimit({ blocks, exceeding, excess, seen }: AlarmState, budget: Budget): number {
  const least = budgetLimit(budget);
  const prior = PRIOR_BLOCKS * PRIOR_SHARE;
  const share = (exceeding + prior) / (blocks + PRIOR_BLOCKS);
  const scale = (excess + prior * (budget.restlessness ?? 1)) / (exceeding + prior);
  const own = EXCESS_FROM + scale * Math.log((share * budget.windows * budget.charts) / BLOCK);
  const limit = Math.min(MAX_LIMITS * least, Math.max(least, own));
  return limit * (1 + NEW_FACTOR * Math.exp(-seen / (budget.newWindows ?? NEW_WINDOWS)));
}

export function openAlarm(state: AlarmState): void {
  // What alarmed says nothing of how far evidence goes while nothing is wrong.
  Object.assign(state, { open: true, openFor: 0, peak: 0, windows: 0, before: null });
}

export function closeAlarm(state: AlarmState): void {
  Object.assign(state, { open: false, openFor: 0 });
}

/** Learns how far evidence goes while nothing is wrong. */
export function learnEvidence(state: AlarmState, evidence: number, limit: number): void {
  state.seen++;
  state.peak = Math.max(state.peak, Math.min(evidence, limit));
  if (++state.windows < BLOCK) return;
  const { before } = state;
  Object.assign(state, { before: state.peak, peak: 0, windows: 0 });
  if (before === null) return;
  const isExceeding = before > EXCESS_FROM;
  const keep = state.blocks >= MEMORY ? 1 - 1 / MEMORY : 1;
  state.blocks = state.blocks * keep + 1;
  state.exceeding = state.exceeding * keep + (isExceeding ? 1 : 0);
  state.excess = state.excess * keep + (isExceeding ? before - EXCESS_FROM : 0);
}
