import { rounded } from './rounded.js';

/**
 * The mean course of a day or a week, an hour a slot, learned from timestamps: what was seen in a slot is folded into
 * its mean once the series has left it, clipped, so that one bad day moves it a little only.
 */
export interface Season {
  /** Mean by slot; null where none was seen yet. */
  readonly means: (number | null)[];
  /** Mean distance of values from their seasonal mean, by slot; null where none was seen yet. */
  readonly spreads: (number | null)[];
  /** The slot of the last value, and the values seen in it since it was entered. */
  slot: number;
  visits: number;
  visitMean: number;
  visitSpread: number;
  /** Where in their slots values lie in the mean, 0..1: hourly values do not lie in the middle. */
  centre: number;
}

const HOUR_MS = 3_600_000;
/** How much of a slot's mean is what was seen at its last visit. */
const FOLD = 0.3;
const CENTRE_RATE = 0.01;
/** This near to a slot's centre, its neighbours do not count. */
const NEAR = 0.02;

export function emptySeason(hours: number): Season {
  const unseen = () => new Array<number | null>(hours).fill(null);
  return {
    means: unseen(),
    spreads: unseen(),
    slot: -1,
    visits: 0,
    visitMean: 0,
    visitSpread: 0,
    centre: 0.5,
  };
}

function slotAt(of: readonly (number | null)[], hour: number): number | undefined {
  return of[((hour % of.length) + of.length) % of.length] ?? undefined;
}

/** The mean at this time of the day or week, on the straight line between slots' centres; undefined where unseen. */
export function seasonalMean({ centre, means }: Season, timestampMs: number): number | undefined {
  const hours = timestampMs / HOUR_MS - centre;
  const before = Math.floor(hours);
  const share = hours - before;
  const low = slotAt(means, before);
  const high = slotAt(means, before + 1);
  if (low === undefined || share > 1 - NEAR) return high;
  if (high === undefined || share < NEAR) return low;
  return low + share * (high - low);
}

/** How far values are from the seasonal mean at this time: the most of the slot and its neighbours. */
export function seasonalSpread({ spreads }: Season, timestampMs: number): number | undefined {
  const hour = Math.floor(timestampMs / HOUR_MS);
  let most: number | undefined;
  for (let i = hour - 1; i <= hour + 1; i++) {
    const spread = slotAt(spreads, i);
    if (spread !== undefined) most = Math.max(most ?? 0, spread);
  }
  return most;
}

/** Learns a value; a slot's mean moves by a part of `clip` at most, however far off a visit was. */
export function learnSeason(season: Season, timestampMs: number, value: number, clip: number): void {
  const hours = timestampMs / HOUR_MS;
  const slot = Math.floor(hours) % season.means.length;
  if (slot !== season.slot) {
    if (season.visits > 0) fold(season, clip);
    season.slot = slot;
    season.visits = 0;
    season.visitMean = 0;
    season.visitSpread = 0;
  }
  const expected = seasonalMean(season, timestampMs) ?? value;
  season.visits++;
  season.visitMean += (value - season.visitMean) / season.visits;
  season.visitSpread += (Math.min(clip, Math.abs(value - expected)) - season.visitSpread) / season.visits;
  season.centre += CENTRE_RATE * (hours - Math.floor(hours) - season.centre);
}

function fold(season: Season, clip: number): void {
  const { means, slot, spreads, visitMean, visitSpread } = season;
  const mean = means[slot] ?? undefined;
  if (mean === undefined) {
    means[slot] = rounded(visitMean);
    return;
  }
  means[slot] = rounded(mean + FOLD * Math.max(-clip, Math.min(clip, visitMean - mean)));
  const spread = spreads[slot] ?? visitSpread;
  spreads[slot] = rounded(spread + FOLD * (visitSpread - spread));
}
