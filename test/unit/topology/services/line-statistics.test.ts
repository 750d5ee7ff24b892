import { expect, it } from 'vitest';
import { LineStatistics, lineStatisticsSerde, secondsIn } from '../../../../topology/services/line-statistics.js';

function lineAt(timestamp: number, status: number) {
  return {
    ...{ service: 'shop', level: 'INFO' as const, endpoint: null, status, session_id: null, ip: null, bytes: null },
    ...{ source: null, response_time: 10, timestamp },
  };
}

it('tells in how many seconds of a window something failed, also when it was stored and merged', () => {
  const start = Date.UTC(2026, 10, 29, 12, 0, 5);
  const one = new LineStatistics();
  for (const [ms, status] of [
    [0, 500],
    [400, 503],
    [1200, 200],
    [1300, 404],
    [2100, 500],
  ] as const)
    one.add(lineAt(start + ms, status));
  const bytes = lineStatisticsSerde.serialize('t', one) as Buffer;
  const stored = lineStatisticsSerde.deserialize('t', bytes, 0, bytes.length);
  expect([secondsIn(stored.failureSeconds), secondsIn(stored.clientErrorSeconds)]).toEqual([2, 1]);
  const other = new LineStatistics().add(lineAt(start + 2900, 500)).add(lineAt(start + 4000, 500));
  expect(secondsIn(stored.addAll(other).failureSeconds)).toBe(3);
  // What an older version has stored does not say.
  const older = lineStatisticsSerde.deserialize('t', bytes, 0, bytes.length - 8);
  expect([older.failures, older.clientErrors, secondsIn(older.failureSeconds)]).toEqual([3, 1, 0]);
});
