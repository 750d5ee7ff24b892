import { expect, it } from 'vitest';
import type { Add } from '../../../../lake/delta/actions.js';
import { chosenFiles, inSteps } from '../../../../lake/lines/chosen-files.js';

const at = (hour: number, minute = 0) => Date.UTC(2026, 0, 31, hour, minute);

function file(name: string, hour: number, kind = 'service', bounds?: readonly [from: number, to: number]): Add {
  const time = (ms: number) => new Date(ms).toISOString();
  return {
    ...{ path: name, size: 1, modificationTime: 0, dataChange: true },
    partitionValues: { kind, date: '2026-01-31', hour: String(hour) },
    ...(bounds && {
      stats: JSON.stringify({ minValues: { timestamp: time(bounds[0]) }, maxValues: { timestamp: time(bounds[1]) } }),
    }),
  };
}

const namesOf = (hours: readonly (readonly Add[])[]) => hours.map((files) => files.map(({ path }) => path));

it('opens files of the kind and of the hours that are asked for alone, the latest first', () => {
  const files = [...[file('a', 3), file('b', 5), file('c', 5), file('d', 6), file('e', 7)], file('other', 5, 'access')];
  const choose = (from: number, to: number) => namesOf(chosenFiles(files, { kind: 'service', from, to }));
  expect(choose(at(5, 30), at(7))).toEqual([['d'], ['b', 'c']]);
  expect(choose(at(6), at(7) + 1)).toEqual([['e'], ['d']]);
  expect(choose(at(6) - 1, at(6))).toEqual([['b', 'c']]);
  expect(choose(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)).toEqual([['e'], ['d'], ['b', 'c'], ['a']]);
});

it('passes over files of an hour whose statistics say that they have other times', () => {
  const files = [
    file('early', 5, 'service', [at(5), at(5, 10)]),
    file('late', 5, 'service', [at(5, 11), at(5, 50)]),
    file('untold', 5),
  ];
  const choose = (from: number, to: number) => namesOf(chosenFiles(files, { kind: 'service', from, to }));
  expect(choose(at(5, 10), at(5, 11))).toEqual([['early', 'untold']]);
  expect(choose(at(5, 10) + 1, at(6))).toEqual([['late', 'untold']]);
});

it('looks through an hour first, and through ever more at a time', () => {
  const hours = Array.from({ length: 30 }, (_, n) => [file(`${n}`, n % 24)]);
  const steps = [...inSteps(hours)];
  expect(steps.map((files) => files.length)).toEqual([1, 4, 16, 9]);
  expect(steps.flat().map(({ path }) => path)).toEqual(hours.flat().map(({ path }) => path));
});
