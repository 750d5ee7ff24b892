import { emptySeason, learnSeason, type Season, seasonalMean, seasonalSpread } from './season.js';

/** What a series is expected to be: its slow level, or its usual day or week where that was the better guess so far. */
export interface ExpectationState {
  level: number;
  readonly seasons: readonly Season[];
  /** How far each guess was off lately, in the mean: the level, then each season; 0 before there was one. */
  readonly errors: number[];
}

export interface ExpectationTuning {
  /** The seasons' lengths in hours: a day, a week. */
  readonly seasonHours: readonly number[];
  /** A season is believed when its error is under this share of what is believed so far. */
  readonly seasonGain: number;
  /** How much of the difference between calm and restless hours counts: 0 to 1. */
  readonly restlessPower: number;
  /** Values over which the level is a mean, exponentially weighted. */
  readonly levelSpan: number;
  /** Values over which errors are a mean. */
  readonly errorSpan: number;
  /** A value moves what is learned by as much as one this many usual errors away would, at most. */
  readonly clip: number;
}

export interface Guess {
  readonly mean: number;
  /** How restless this time of the day or week is beside the others: 1 is as usual. */
  readonly restlessness: number;
}

/** How a value is learned: at which place in the series it stands, and what the least error is that counts as one. */
export interface Learning {
  /** Counted from 1. */
  readonly n: number;
  /** Whether there is enough to clip by. */
  readonly isWarm: boolean;
  readonly floor: number;
}

/** An error enters their mean as at most this many times the mean. */
const ERROR_CLIP = 4;
/** A season's slot is seen once a day or week only, so it is clipped less. */
const SEASON_CLIP = 2;
const MIN_RESTLESSNESS = 0.3;
const MAX_RESTLESSNESS = 5;

export function noExpectation({ seasonHours }: ExpectationTuning): ExpectationState {
  return { level: 0, seasons: seasonHours.map(emptySeason), errors: [0, ...seasonHours.map(() => 0)] };
}

export function guess(state: ExpectationState, timestampMs: number, tuning: ExpectationTuning): Guess {
  let mean = state.level;
  let error = state.errors[0] ?? 0;
  let believed: Season | undefined;
  for (let i = 0; i < state.seasons.length; i++) {
    const season = state.seasons[i] as Season;
    const seasonal = seasonalMean(season, timestampMs);
    const seasonError = state.errors[i + 1] ?? 0;
    if (seasonal === undefined || seasonError === 0 || seasonError >= tuning.seasonGain * error) continue;
    mean = seasonal;
    error = seasonError;
    believed = season;
  }
  const spread = believed === undefined ? undefined : seasonalSpread(believed, timestampMs);
  if (spread === undefined) return { mean, restlessness: 1 };
  const ratio = Math.max(MIN_RESTLESSNESS, Math.min(MAX_RESTLESSNESS, spread / error));
  return { mean, restlessness: ratio ** tuning.restlessPower };
}

export function learnExpectation(
  state: ExpectationState,
  timestampMs: number,
  value: number,
  { n, isWarm, floor }: Learning,
  tuning: ExpectationTuning,
): void {
  const rate = Math.max(1 / n, 1 / tuning.errorSpan);
  const { errors, seasons } = state;
  for (let i = 0; i <= seasons.length; i++) {
    const guessed = i === 0 ? state.level : seasonalMean(seasons[i - 1] as Season, timestampMs);
    if (guessed === undefined) continue;
    const error = Math.abs(value - guessed);
    const usual = errors[i] ?? 0;
    const clipped = isWarm ? Math.min(error, ERROR_CLIP * Math.max(usual, floor)) : error;
    errors[i] = usual === 0 ? error : usual + rate * (clipped - usual);
  }
  const clip = isWarm ? tuning.clip * Math.max(errors[0] ?? 0, floor) : Number.POSITIVE_INFINITY;
  state.level += Math.max(1 / n, 1 / tuning.levelSpan) * Math.max(-clip, Math.min(clip, value - state.level));
  for (let i = 0; i < seasons.length; i++) {
    const seasonClip = SEASON_CLIP * tuning.clip * Math.max(errors[i + 1] ?? 0, floor);
    learnSeason(seasons[i] as Season, timestampMs, value, seasonClip);
  }
}
