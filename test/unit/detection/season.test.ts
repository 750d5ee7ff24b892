import { describe, expect, it } from 'vitest';
import { emptySeason, learnSeason, type Season, seasonalMean, seasonalSpread } from '../../../detection/season.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Values for some hours from midnight, one each `everyMs`. */
function learn(season: Season, hours: number, everyMs: number, value: (hour: number) => number): void {
  for (let ms = 0; ms < hours * HOUR_MS; ms += everyMs) {
    learnSeason(season, ms, value(Math.floor(ms / HOUR_MS)), Number.POSITIVE_INFINITY);
  }
}

describe('season', () => {
  it('knows nothing of hours that it has not seen to their end', () => {
    const season = emptySeason(24);
    learn(season, 3, 10 * MINUTE_MS, (hour) => hour);

    expect(season.means.slice(0, 4)).toEqual([0, 1, null, null]);
    expect(seasonalMean(season, 12 * HOUR_MS)).toBeUndefined();
  });

  it('comes back after a day', () => {
    const season = emptySeason(24);
    learn(season, 25, HOUR_MS, (hour) => 10 * hour);
    season.centre = 0;

    expect(seasonalMean(season, 26 * HOUR_MS)).toBe(20);
    expect(seasonalMean(season, (24 * 30 + 7) * HOUR_MS)).toBe(70);
  });

  it('is on the straight line between the hours’ centres', () => {
    const season = emptySeason(24);
    learn(season, 25, HOUR_MS, (hour) => 10 * hour);
    season.centre = 0.5;

    // 02:30 is the centre of the third hour, 03:00 half way to the fourth's.
    expect(seasonalMean(season, 2.5 * HOUR_MS)).toBe(20);
    expect(seasonalMean(season, 3 * HOUR_MS)).toBe(25);
  });

  it('learns where in the hour hourly values lie', () => {
    const season = emptySeason(24);
    for (let hour = 0; hour < 500; hour++) learnSeason(season, (hour + 0.25) * HOUR_MS, hour, 1);

    expect(season.centre).toBeCloseTo(0.25, 2);
  });

  it('moves three tenths of the way to what the next day brings', () => {
    const season = emptySeason(24);
    learn(season, 24, HOUR_MS, () => 100);
    for (let hour = 24; hour < 49; hour++) learnSeason(season, hour * HOUR_MS, 200, Number.POSITIVE_INFINITY);

    expect(season.means[5]).toBe(130);
  });

  it('is moved by an outlier as far as the clip lets it only', () => {
    const season = emptySeason(24);
    learn(season, 24, HOUR_MS, () => 100);
    for (let hour = 24; hour < 49; hour++) learnSeason(season, hour * HOUR_MS, 1e6, 10);

    // 0.3 of the clip.
    expect(season.means[5]).toBe(103);
  });

  it('knows how restless its hours are, and takes the most of three', () => {
    const season = emptySeason(24);
    // From 12 to 13 values jump by 20 around 100.
    const value = (minute: number) => (minute % 1440 >= 720 && minute % 1440 < 780 ? 90 + 20 * (minute % 2) : 100);
    for (let minute = 0; minute < 4 * 1440; minute++) {
      learnSeason(season, minute * MINUTE_MS, value(minute), Number.POSITIVE_INFINITY);
    }

    expect(seasonalSpread(season, 12.5 * HOUR_MS)).toBeCloseTo(10, 5);
    expect(seasonalSpread(season, 13.5 * HOUR_MS)).toBeCloseTo(10, 5);
    expect(seasonalSpread(season, 5 * HOUR_MS)).toBeCloseTo(0, 5);
  });
});
