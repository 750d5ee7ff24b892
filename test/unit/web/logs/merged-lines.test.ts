import { expect, test } from 'vitest';
import type { LogLine } from '../../../../web/api/client.js';
import { merged } from '../../../../web/pages/logs/merged-lines.js';

const line = (time: number, id = `logs/0/${time}`): LogLine => ({ id, time, kind: 'services' });
const idsOf = (lines: readonly LogLine[]) => lines.map(({ id }) => id);

test('a line that came and was asked for is there once, at its time', () => {
  const live = [line(50), line(40), line(30)];
  expect(merged(live, [line(40), line(30), line(20), line(10)])).toEqual(
    [50, 40, 30, 20, 10].map((time) => line(time)),
  );
});

test('a line that was asked for stands between those that came', () => {
  const lines = merged([line(50, 'live 50'), line(30, 'live 30')], [line(40, 'asked 40'), line(30, 'asked 30')]);
  expect(idsOf(lines)).toEqual(['live 50', 'asked 40', 'live 30', 'asked 30']);
});

test('any two lists give what sorting all of them gives', () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  const byTime = (one: LogLine, other: LogLine) => other.time - one.time;
  for (let round = 0; round < 50; round++) {
    const all = Array.from({ length: 40 }, (_, index) => line(random(60), `logs/0/${index}`));
    const live = all.filter(() => random(2) === 0).toSorted(byTime);
    const asked = all.filter((one) => !live.includes(one) || random(3) === 0).toSorted(byTime);
    const lines = merged(live, asked);
    expect(new Set(idsOf(lines))).toEqual(new Set(idsOf(all)));
    expect(lines.map(({ time }) => time)).toEqual(all.toSorted(byTime).map(({ time }) => time));
  }
});

test('without lines of the one or the other there are those of the other', () => {
  expect(merged([], [line(2), line(1)])).toEqual([line(2), line(1)]);
  expect(merged([line(2), line(1)], [])).toEqual([line(2), line(1)]);
});
