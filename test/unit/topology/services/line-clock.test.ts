import { describe, expect, it } from 'vitest';
import { LineClock } from '../../../../topology/services/line-clock.js';
import type { Line } from '../../../../topology/services/service-lines.js';

const START_MS = Date.UTC(2026, 0, 1, 9);
const HOUR_MS = 3_600_000;

function lineAt(timestamp: number, source: string | null): Line {
  return {
    ...{ service: 'shop', level: 'INFO', response_time: 50, endpoint: null, status: 200 },
    ...{ session_id: null, ip: null, bytes: null, source, timestamp },
  };
}

/** The times that lines count at, of [ms after the start, source]. */
function timesOf(lines: readonly (readonly [number, string | null])[], graceMs = 1000) {
  const clock = new LineClock(graceMs);
  const partition = { topic: 'logs', time: -1 };
  const times = lines.map(([ms, source]) => {
    const time = clock.timeOf(lineAt(START_MS + ms, source), partition);
    partition.time = Math.max(partition.time, time);
    return time - START_MS;
  });
  return { times, notices: clock.takeNotices() };
}

describe('the time of a line', () => {
  it('is its own where its neighbours have such times', () => {
    const lines = [0, 100, 50, 300, 2000, 1900].map((ms) => [ms, 'a'] as const);
    expect(timesOf(lines)).toEqual({ times: [0, 100, 50, 300, 2000, 1900], notices: [] });
  });

  it('moves nothing when it is an hour ahead, and is told', () => {
    const { notices, times } = timesOf([
      [0, 'a'],
      [100, 'b'],
      [HOUR_MS, 'a'],
      [200, 'b'],
      [300, 'a'],
    ]);
    expect(times).toEqual([0, 100, 100, 200, 300]);
    expect(notices.map(({ entity, explanation }) => [entity, explanation])).toEqual([
      ['shop a', 'shop a: a line is dated 3,599.9 s ahead of those around it; it counts when it came.'],
    ]);
  });

  it('is set back where the clock of its source is ahead, which is told once', () => {
    const lines = Array.from({ length: 400 }, (_, n) => {
      const source = n % 18;
      return [n * 100 + (source === 7 ? 10_000 : 0), `host-${source}`] as const;
    });
    const { notices, times } = timesOf(lines);
    const off = times.map((time, n) => Math.abs(time - n * 100));
    expect(Math.max(...off)).toBeLessThanOrEqual(1000);
    expect(notices.filter(({ id }) => id.includes('/clock/clock'))).toHaveLength(1);
  });

  it('goes on after a pause, whether one source tells or several do', () => {
    const pause = 20 * 60_000;
    const alone = timesOf([
      ...[0, 100, 200].map((ms) => [ms, null] as const),
      ...[0, 100, 200, 300, 400].map((ms) => [pause + ms, null] as const),
    ]);
    expect(alone.times.at(-1)).toBe(pause + 400);
    const several = timesOf([
      [0, 'a'],
      [100, 'b'],
      [pause, 'a'],
      [pause + 100, 'b'],
      [pause + 200, 'a'],
    ]);
    expect(several.times.slice(-2)).toEqual([pause + 100, pause + 200]);
  });

  it('is that at which it came when its window may be closed, so that it counts', () => {
    const { times } = timesOf([
      [0, 'a'],
      [10_000, 'b'],
      [10_050, 'a'],
      [10_080, 'b'],
      [10_100, 'b'],
      [4000, 'a'],
    ]);
    expect(times.at(-1)).toBe(10_100 - 1000 + 1);
  });
});
