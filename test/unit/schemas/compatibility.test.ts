import type { Schema } from 'avsc';
import { describe, expect, it } from 'vitest';
import { type CompatibilityLevel, incompatibilities } from '../../../schemas/compatibility.js';

const record = (fields: readonly object[], name = 'R') => ({ type: 'record', name, fields }) as Schema;
const A = { name: 'a', type: 'int' };
const B = { name: 'b', type: 'int' };
const B_DEFAULT = { name: 'b', type: 'int', default: 0 };

/** The first version had a field without a default that the second, and the one to come, have not. */
const OLD = { version: 1, schema: record([A, B]) };
const LATEST = { version: 2, schema: record([A]) };

describe('incompatibilities', () => {
  /*
   * Whether a version may follow, from what the levels are defined to mean. "Reads" is the new schema reading old records
   * (BACKWARD), "is read" the old reading new ones (FORWARD).
   *   without b: reads both; is read by the latest, not by the first, which wants b
   *   with b:    reads the first, not the latest; is read by both
   */
  it.each<[CompatibilityLevel, without: readonly number[], with_: readonly number[]]>([
    ['NONE', [], []],
    ['BACKWARD', [], [2]],
    ['BACKWARD_TRANSITIVE', [], [2]],
    ['FORWARD', [], []],
    ['FORWARD_TRANSITIVE', [1], []],
    ['FULL', [], [2]],
    ['FULL_TRANSITIVE', [1], [2]],
  ])('at %s names the versions that are in the way', (level, without, with_) => {
    const versions = [OLD, LATEST];
    const inTheWay = (schema: Schema) =>
      incompatibilities(level, schema, versions).map((reason) => Number(/version (\d+)/.exec(reason)?.[1]));
    expect(inTheWay(record([A]))).toEqual(without);
    expect(inTheWay(record([A, B]))).toEqual(with_);
    expect(inTheWay(record([A, B_DEFAULT]))).toEqual([]);
  });

  it('names every field that is in the way, in both directions', () => {
    const versions = [{ version: 1, schema: record([A, B]) }];
    const c = { name: 'c', type: 'string' };
    expect(incompatibilities('FULL', record([c]), versions)).toEqual([
      'it cannot read what version 1 wrote: the field "c" is missing there and has no default',
      'version 1 cannot read what it writes: the field "a" is missing there and has no default',
      'version 1 cannot read what it writes: the field "b" is missing there and has no default',
    ]);
  });

  it('lets a field be renamed that keeps its old name as an alias, where old readers do not count', () => {
    const renamed = record([A, { name: 'bee', aliases: ['b'], type: 'int' }]);
    expect(incompatibilities('BACKWARD', renamed, [OLD])).toEqual([]);
    expect(incompatibilities('FORWARD', renamed, [OLD])).toHaveLength(1);
  });

  it.each([
    { what: 'the type of a field', schema: record([A, { name: 'b', type: 'string' }]) },
    { what: 'the name of the record', schema: record([A, B], 'S') },
    {
      what: 'a record in it',
      schema: record([A, { name: 'b', type: record([{ name: 'x', type: 'int' }], 'N') }]),
    },
  ])('sees that $what was changed', ({ schema }) => {
    expect(incompatibilities('BACKWARD', schema, [OLD])).toHaveLength(1);
  });
});
