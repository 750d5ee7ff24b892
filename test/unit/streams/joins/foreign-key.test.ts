import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamsBuilder, stringSerde } from '../../../../streams/index.js';
import { piped, STRINGS, type Step, stepByStep } from './piped.js';

const KINDS = ['join', 'leftJoin'] as const;
type Kind = (typeof KINDS)[number];

/** What a value refers to stands before its colon; nothing there is null. */
const foreignKey = (value: string) => value.split(':')[0] || null;

/** The left table's rows refer to those of the right one. */
function joined(kind: Kind): StreamsBuilder {
  const builder = new StreamsBuilder();
  const left = builder.table('left', STRINGS, { name: 'left' });
  const right = builder.table('right', STRINGS, { name: 'right' });
  const options = { name: 'joined', value: stringSerde };
  const results =
    kind === 'join'
      ? left.join(right, foreignKey, (l, r) => `${l}/${r}`, options)
      : left.leftJoin(right, foreignKey, (l, r) => `${l}/${r}`, options);
  results.toStream().to('out', STRINGS);
  return builder;
}

/** An employee's value is the key of a manager, who is an employee, too. */
function managed(): StreamsBuilder {
  const builder = new StreamsBuilder();
  const employees = builder.table('left', STRINGS, { name: 'employees' });
  employees
    .join(employees, foreignKey, (employee, manager) => `${employee}<${manager}`, {
      name: 'managed',
      value: stringSerde,
    })
    .toStream()
    .to('out', STRINGS);
  return builder;
}

describe('a join by a foreign key', () => {
  it('follows both tables, with the later of both times, or with that of the right row that has changed', async () => {
    const steps: (Step | 'restart')[] = [
      ['left', 'a', 'x:1', 10],
      ['right', 'x', 'X', 5],
      ['left', 'b', 'x:2', 3],
      'restart',
      ['right', 'x', 'Y', 20],
      ['left', 'a', 'y:1', 12],
      ['left', 'b', 'x:3', 13],
      ['right', 'x', null, 21],
      ['left', 'b', null, 30],
      ['left', null, 'x:4', 31],
    ];
    // A row that goes, or that refers to another, takes its result along, if there was one or not.
    expect(await stepByStep(joined('join'), steps)).toEqual([
      [],
      ['a=x:1/X@5'],
      ['b=x:2/X@5'],
      [],
      ['a=x:1/Y@20', 'b=x:2/Y@20'],
      ['a=null@12'],
      ['b=x:3/Y@20'],
      ['b=null@21'],
      ['b=null@30'],
      [],
    ]);
    expect(await stepByStep(joined('leftJoin'), steps)).toEqual([
      ['a=x:1/null@10'],
      ['a=x:1/X@5'],
      ['b=x:2/X@5'],
      [],
      ['a=x:1/Y@20', 'b=x:2/Y@20'],
      ['a=y:1/null@12'],
      ['b=x:3/Y@20'],
      ['b=x:3/null@21'],
      ['b=null@30'],
      [],
    ]);
  });

  it('has no result for a row that refers to nothing, but in a left join', async () => {
    const steps: Step[] = [
      ['right', 'x', 'X', 1],
      ['left', 'a', ':1', 2],
      ['left', 'a', 'x:2', 3],
      ['left', 'a', ':3', 4],
      ['left', 'a', null, 5],
    ];
    expect(await stepByStep(joined('join'), steps)).toEqual([[], [], ['a=x:2/X@3'], ['a=null@4'], []]);
    expect(await stepByStep(joined('leftJoin'), steps)).toEqual([
      [],
      ['a=:1/null@2'],
      ['a=x:2/X@3'],
      ['a=:3/null@4'],
      ['a=null@5'],
    ]);
  });

  it('joins a table with itself', async () => {
    const steps: (Step | 'restart')[] = [
      ['left', 'boss', ':B', 1],
      ['left', 'a', 'boss:A', 2],
      'restart',
      ['left', 'boss', ':C', 3],
      ['left', 'self', 'self:S', 4],
      ['left', 'boss', null, 5],
    ];
    expect(await stepByStep(managed(), steps, { partitions: 3 })).toEqual([
      [],
      ['a=boss:A<:B@2'],
      [],
      ['a=boss:A<:C@3'],
      ['self=self:S<self:S@4'],
      ['a=null@5'],
    ]);
  });

  it('is joined and grouped further, as any table is', async () => {
    const builder = new StreamsBuilder();
    const [left, right] = [builder.table('left', STRINGS), builder.table('right', STRINGS)];
    const results = left.join(right, foreignKey, (_l, r) => r, { value: stringSerde });
    results
      .join(left, (r, l) => `${r} ${l}`)
      .groupBy((_key, value) => [value.slice(0, 1), value], STRINGS)
      .reduce(
        (all, value) => `${all},${value}`,
        (all, value) => all.replace(`,${value}`, ''),
        { value: stringSerde },
      )
      .toStream()
      .to('out', STRINGS);
    const steps: Step[] = [
      ['right', 'x', 'X', 1],
      ['left', 'a', 'x:1', 2],
      ['left', 'b', 'x:2', 3],
      ['left', 'b', null, 4],
    ];
    expect((await piped(builder, steps)).at(-1)).toBe('X=X x:1@4');
  });

  it.each(KINDS)('%s of random changes has the rows that both tables give, whatever their partitions', async (kind) => {
    const side = fc.oneof(
      fc.tuple(
        fc.constant('left'),
        fc.constantFrom('a', 'b', 'c', 'd'),
        fc.option(fc.constantFrom('x:1', 'x:2', 'y:1', 'z:1', ':1')),
        fc.integer({ min: 0, max: 50 }),
      ),
      fc.tuple(
        fc.constant('right'),
        fc.constantFrom('x', 'y', 'z'),
        fc.option(fc.constantFrom('X', 'Y', 'Z')),
        fc.integer({ min: 0, max: 50 }),
      ),
    );
    const given = [fc.array(side, { maxLength: 25 }), fc.nat(25), fc.integer({ min: 1, max: 3 })] as const;
    await fc.assert(
      fc.asyncProperty(...given, async (changes, restart, rightPartitions) => {
        const steps: (Step | 'restart')[] = [...changes];
        if (restart < changes.length) steps.splice(restart, 0, 'restart');
        const outputs = await stepByStep(joined(kind), steps, {
          partitions: { left: 2, right: rightPartitions, out: 2 },
        });
        const tables = { left: new Map<string, string>(), right: new Map<string, string>() };
        const rows = new Map<string, string>();
        steps.forEach((step, at) => {
          for (const output of outputs[at] ?? []) {
            const [, key = '', value = ''] = /^(\w+)=(.*)@\d+$/.exec(output) ?? [];
            if (value === 'null') rows.delete(key);
            else rows.set(key, value);
          }
          if (step === 'restart') return;
          const [topic, key, value] = step as [topic: 'left' | 'right', key: string, value: string | null, number];
          if (value === null) tables[topic].delete(key);
          else tables[topic].set(key, value);
          const expected = [...tables.left].flatMap(([one, l]) => {
            const r = tables.right.get(foreignKey(l) ?? '');
            return r === undefined && kind === 'join' ? [] : [[one, `${l}/${r ?? null}`] as const];
          });
          expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(expected));
        });
      }),
      { numRuns: 15, seed: 5 },
    );
  });
});
