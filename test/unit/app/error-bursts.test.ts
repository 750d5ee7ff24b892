import { jsonSerde } from '@millrace/streams';
import { describe, expect, it } from 'vitest';
import { ErrorBursts } from '../../../app/results/error-bursts.js';
import { burstText } from '../../../cli/terminal/error-burst-text.js';
import type { HostServerErrors } from '../../../schemas/records.js';

const START = Date.UTC(2024, 2, 7, 11, 5);
const SECOND = 1000;

/** The window of 10 s that starts so many seconds after 11:05, of errors in [first, last] and a request a second beside each. */
function window(host: string, second: number, first: number, last: number, errorsPerSecond = 6): HostServerErrors {
  const from = Math.max(first, second);
  const to = Math.min(last, second + 9);
  const count = errorsPerSecond * (to - from + 1);
  return {
    ...{ host, window_start: START + second * SECOND, window_end: START + (second + 10) * SECOND },
    ...{ count, requests: 60 + count, first_error: START + from * SECOND, last_error: START + to * SECOND },
  };
}

function burstsOf(windows: readonly HostServerErrors[], kept?: { bursts?: number; windows?: number }): ErrorBursts {
  const bursts = new ErrorBursts('server-errors-topic', jsonSerde(), kept);
  for (const one of windows) bursts.add(one);
  return bursts;
}

const shown = ({ all: { bursts } }: ErrorBursts) => bursts.map((burst) => String(burstText(burst)));

/** All windows of errors that go from second 0 to second `last`. */
const outage = (last: number, host = 'shop.example') =>
  Array.from({ length: last + 8 }, (_, index) => window(host, index - 8, 0, last));

describe('bursts of server errors', () => {
  it('are from the first error to the last, of windows that overlap', () => {
    expect(shown(burstsOf(outage(9)))).toEqual([
      'shop.example from 2024-03-07T11:05:00Z to 11:05:09Z, 60 of 120 requests',
    ]);
    expect(shown(burstsOf(outage(9).reverse()))).toEqual(shown(burstsOf(outage(9))));
  });

  it('that are longer than a window say how many errors were in one', () => {
    expect(shown(burstsOf(outage(100)))).toEqual([
      'shop.example from 2024-03-07T11:05:00Z to 11:06:40Z, up to 60 of 120 requests in 10 s',
    ]);
  });

  it('are apart where no window touches both, and for each host', () => {
    const later = window('shop.example', 100, 100, 109);
    const other = window('api.example', 0, 0, 9, 7);
    const { all } = burstsOf([...outage(9), later, other]);
    expect(all.count).toBe(3);
    expect(all.bursts.map(({ host, from }) => [host, (from - START) / SECOND])).toEqual([
      ['api.example', 0],
      ['shop.example', 0],
      ['shop.example', 100],
    ]);
  });

  it('change with their windows, and go with them', () => {
    const bursts = burstsOf([window('a@b', 0, 0, 3), window('a@b', 0, 0, 9)]);
    expect(bursts.records).toBe(2);
    expect(bursts.all.bursts.map(({ worst }) => worst.count)).toEqual([60]);
    bursts.delete(`a@b@${START}`);
    expect(bursts.all).toEqual({ bursts: [], count: 0 });
  });

  it('are the same when only few windows are kept', () => {
    const windows = [...outage(300), ...outage(40, 'api.example')].sort((a, b) => a.window_start - b.window_start);
    expect(shown(burstsOf(windows, { windows: 40 }))).toEqual(shown(burstsOf(windows)));
  });

  it('of any number of hosts take bounded memory, and the worst are kept', () => {
    const windows = Array.from({ length: 5000 }, (_, index) =>
      window(`host-${index}`, 100 * index, 100 * index, 100 * index + 9, 6 + (index % 100)),
    );
    const { all } = burstsOf(windows, { windows: 100, bursts: 100 });
    expect(all.count).toBe(5000);
    expect(all.bursts.length).toBeLessThanOrEqual(200);
    expect(all.bursts[0]?.worst.count).toBe(1050);
  });
});
