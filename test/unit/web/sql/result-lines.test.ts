import { expect, test } from 'vitest';
import { instantOf, linesOf } from '../../../../web/pages/sql/result-lines.js';

const MINUTE = { name: 'minute', type: 'TIMESTAMP WITH TIME ZONE' };
const SERVICE = { name: 'service', type: 'VARCHAR' };
const LINES = { name: 'lines', type: 'BIGINT' };
const ERRORS = { name: 'errors', type: 'DOUBLE' };

const at = (minute: number) => `2026-11-27 14:0${minute}:00+00`;
const timeOf = (minute: number) => Date.UTC(2026, 10, 27, 14, minute);

test('a result with times and a column of words has a line for each word, in the order of time', () => {
  const result = {
    columns: [MINUTE, SERVICE, LINES],
    rows: [
      [at(2), 'web-api', 30],
      [at(1), 'web-api', 20],
      [at(2), 'database', 5],
    ],
  };
  expect(linesOf(result)).toEqual({
    times: [timeOf(1), timeOf(2)],
    lines: [
      { name: 'web-api', values: [20, 30] },
      { name: 'database', values: [null, 5] },
    ],
    leftOut: 0,
  });
});

test('without words each column of numbers is a line', () => {
  const result = { columns: [MINUTE, LINES, ERRORS], rows: [[at(1), '20', 0.5]] };
  expect(linesOf(result)?.lines).toEqual([
    { name: 'lines', values: [20] },
    { name: 'errors', values: [0.5] },
  ]);
});

test('of more lines than can be told apart those with most are drawn, and the others are counted', () => {
  const rows = Array.from({ length: 7 }, (_, index) => [at(1), `service-${index}`, index]);
  const drawn = linesOf({ columns: [MINUTE, SERVICE, LINES], rows });
  expect(drawn?.lines.map(({ name }) => name)).toEqual([6, 5, 4, 3, 2].map((one) => `service-${one}`));
  expect(drawn?.leftOut).toBe(2);
});

test('rows that are no points of a line are not drawn', () => {
  expect(linesOf({ columns: [SERVICE, LINES], rows: [['web-api', 1]] })).toBeUndefined();
  expect(linesOf({ columns: [MINUTE, SERVICE], rows: [[at(1), 'web-api']] })).toBeUndefined();
  expect(
    linesOf({ columns: [MINUTE, SERVICE, { name: 'level', type: 'VARCHAR' }, LINES], rows: [[at(1), 'a', 'b', 1]] }),
  ).toBeUndefined();
});

test('times are read in their zone, and dates as their midnight in UTC', () => {
  expect(instantOf('2026-11-27 14:02:05.5+02')).toBe(Date.UTC(2026, 10, 27, 12, 2, 5, 500));
  expect(instantOf('2026-11-27 14:02:05')).toBe(Date.UTC(2026, 10, 27, 14, 2, 5));
  expect(instantOf('2026-11-27')).toBe(Date.UTC(2026, 10, 27));
  expect(instantOf(null)).toBeUndefined();
});
