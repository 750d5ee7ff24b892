/**
 * The mean course of a day or a week, an hour a slot, learned from timestamps: what was seen in a slot is folded into
 * its mean once the series has left it, clipped, so that one bad day moves it a little only.
 */
export interface Season {
  /** Mean by slot; null where none was seen yet. */
  readonly slots: (number | null)[];
  /** The slot of the last value, and the values seen in it since it was entered. */
  slot: number;
  visits: number;
  visitMean: number;
  /** Where in their slots values lie in the mean, 0..1: hourly values do not lie in the middle. */
  centre: number;
}

export const HOUR_MS = 3_600_000;
export const HOURS_OF_DAY = 24;
export const HOURS_OF_WEEK = 168;

/** How much of a slot's mean is what was seen at its last visit. */
const FOLD = 0.3;
const CENTRE_RATE = 0.01;

export function emptySeason(slots: number): Season {
  return { slots: new Array<number | null>(slots).fill(null), slot: -1, visits: 0, visitMean: 0, centre: 0.5 };
}

/** The mean at this time of the day or week, between the slots' centres by a straight line; undefined where unseen. */
export function seasonalMean(season: Season, timestampMs: number): number | undefined {
  const count = season.slots.length;
  const hours = timestampMs / HOUR_MS - season.centre;
  const before = Math.floor(hours);
  const share = hours - before;
  const low = season.slots[((before % count) + count) % count] ?? undefined;
  const high = season.slots[(((before + 1) % count) + count) % count] ?? undefined;
  if (low === undefined || share > 0.98) return high;
  if (high === undefined || share < 0.02) return low;
  return low + share * (high - low);
}

/** Learns a value; a slot's mean moves by at most `clip` at a visit. */
export function learnSeason(season: Season, timestampMs: number, value: number, clip: number): void {
  const hours = timestampMs / HOUR_MS;
  const slot = Math.floor(hours) % season.slots.length;
  season.centre += CENTRE_RATE * (hours - Math.floor(hours) - season.centre);
  if (slot !== season.slot) {
    if (season.visits > 0) fold(season, clip);
    season.slot = slot;
    season.visits = 0;
    season.visitMean = 0;
  }
  season.visits++;
  season.visitMean += (value - season.visitMean) / season.visits;
}

function fold(season: Season, clip: number): void {
  const mean = season.slots[season.slot] ?? undefined;
  const change = mean === undefined ? season.visitMean : Math.max(-clip, Math.min(clip, season.visitMean - mean));
  season.slots[season.slot] = mean === undefined ? season.visitMean : mean + FOLD * change;
}
