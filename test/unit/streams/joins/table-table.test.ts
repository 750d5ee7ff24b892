import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberSerde, StreamsBuilder, stringSerde } from '../../../../streams/index.js';
import { piped, STRINGS, type Step, stepByStep } from './piped.js';

const MODES = ['auto', 'topic'] as const;
const KINDS = ['join', 'leftJoin', 'outerJoin'] as const;
type Kind = (typeof KINDS)[number];

/** Both tables, the right one made of a stream whose key is changed, so that it goes by topic. */
function joined(kind: Kind): StreamsBuilder {
  const builder = new StreamsBuilder();
  const left = builder.table('left', STRINGS, { name: 'left' });
  const right = builder
    .stream('right', STRINGS)
    .selectKey((key) => key)
    .toTable({ ...STRINGS, name: 'right' });
  const joiner = (a: string | null, b: string | null) => `${a}/${b}`;
  const results =
    kind === 'outerJoin'
      ? left.outerJoin(right, joiner)
      : kind === 'leftJoin'
        ? left.leftJoin(right, joiner)
        : left.join(right, joiner);
  results.toStream().to('out', STRINGS);
  return builder;
}

describe.each(MODES)('tables, repartition %s', (repartition) => {
  it('a join follows both tables, with the later of both times; a row that goes takes its result along', async () => {
    const steps: (Step | 'restart')[] = [
      ['left', 'a', 'l1', 10],
      ['right', 'a', 'r1', 5],
      ['right', 'a', 'r2', 20],
      'restart',
      ['left', 'a', 'l2', 12],
      ['right', 'a', null, 21],
      ['left', 'a', null, 30],
      ['left', null, 'l3', 31],
    ];
    expect(await stepByStep(joined('join'), steps, { repartition })).toEqual([
      [],
      ['a=l1/r1@10'],
      ['a=l1/r2@20'],
      [],
      ['a=l2/r2@20'],
      ['a=null@21'],
      [],
      [],
    ]);
    expect(await stepByStep(joined('leftJoin'), steps, { repartition })).toEqual([
      ['a=l1/null@10'],
      ['a=l1/r1@10'],
      ['a=l1/r2@20'],
      [],
      ['a=l2/r2@20'],
      ['a=l2/null@21'],
      ['a=null@30'],
      [],
    ]);
    expect(
      await piped(
        joined('outerJoin'),
        [
          ['right', 'b', 'r', 3],
          ['right', 'b', null, 4],
          ['right', 'b', null, 5],
        ],
        { repartition },
      ),
    ).toEqual(['b=null/r@3', 'b=null@4']);
  });

  it.each(KINDS)('%s of random changes has, after each, the rows that both tables give', async (kind) => {
    const change = fc.tuple(
      fc.constantFrom('left', 'right'),
      fc.constantFrom('a', 'b', 'c'),
      fc.option(fc.constantFrom('x', 'y', 'z')),
      fc.integer({ min: 0, max: 50 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 25 }),
        fc.integer({ min: 0, max: 25 }),
        async (changes, restart) => {
          const steps: (Step | 'restart')[] = [...changes];
          if (restart < changes.length) steps.splice(restart, 0, 'restart');
          const outputs = await stepByStep(joined(kind), steps, { repartition, partitions: 2 });
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
            const expected = new Map<string, string>();
            for (const one of ['a', 'b', 'c']) {
              const [l, r] = [tables.left.get(one), tables.right.get(one)];
              const hasRow =
                kind === 'join'
                  ? l !== undefined && r !== undefined
                  : l !== undefined || (kind === 'outerJoin' && r !== undefined);
              if (hasRow) expected.set(one, `${l ?? null}/${r ?? null}`);
            }
            expect(new Map([...rows].sort())).toEqual(expected);
          });
        },
      ),
      { numRuns: 8, seed: 3 },
    );
  });

  it('rows that move from group to group are counted, added and reduced where they are', async () => {
    const users: Step[] = [
      ['users', 'a', 'EU3', 1],
      ['users', 'b', 'EU4', 2],
      ['users', 'a', 'US5', 3],
      ['users', 'b', null, 4],
      ['users', 'b', null, 5],
      ['users', 'a', 'US7', 1],
    ];
    const grouped = () => {
      const builder = new StreamsBuilder();
      const groups = builder
        .table('users', STRINGS)
        .groupBy((_id, user) => [user.slice(0, 2), Number(user.slice(2))], { key: stringSerde, value: numberSerde });
      return { builder, groups };
    };
    const counted = grouped();
    counted.groups.count({ name: 'count' }).mapValues(String).toStream().to('out', STRINGS);
    expect(await piped(counted.builder, users, { repartition })).toEqual([
      ...['EU=1@1', 'EU=2@2', 'EU=1@3', 'US=1@3', 'EU=0@4', 'US=1@3'],
    ]);
    const reduced = grouped();
    const sums = reduced.groups.reduce(
      (a, b) => a + b,
      (a, b) => a - b,
      { name: 'sum' },
    );
    sums.mapValues(String).toStream().to('out', STRINGS);
    expect(await piped(reduced.builder, users, { repartition })).toEqual([
      ...['EU=3@1', 'EU=7@2', 'EU=4@3', 'US=5@3', 'EU=0@4', 'US=7@3'],
    ]);
    const aggregated = grouped();
    aggregated.groups
      .aggregate(
        {
          initializer: () => '',
          add: (_group, value, all) => all + value,
          subtract: (_group, value, all) => all.replace(String(value), '') || null,
        },
        { name: 'all', value: stringSerde },
      )
      .toStream()
      .to('out', STRINGS);
    expect(await piped(aggregated.builder, users, { repartition })).toEqual([
      ...['EU=3@1', 'EU=34@2', 'EU=4@3', 'US=5@3', 'EU=null@4', 'US=7@3'],
    ]);
  });

  it('a table of tables: joined counts are regrouped, and equal what the input gives', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.constantFrom('left', 'right'), fc.constantFrom('a', 'b', 'c'), fc.constantFrom('x', 'y')),
          {
            maxLength: 30,
          },
        ),
        async (records) => {
          const builder = new StreamsBuilder();
          const [left, right] = (['left', 'right'] as const).map((topic) =>
            builder
              .stream(topic, { ...STRINGS, nulls: 'skip' })
              .groupByKey()
              .count({ name: topic }),
          );
          if (left === undefined || right === undefined) throw new Error('there are two');
          left
            .outerJoin(right, (l, r) => (l ?? 0) + (r ?? 0))
            .groupBy((_key, sum) => [sum % 2 === 0 ? 'even' : 'odd', sum], { key: stringSerde, value: numberSerde })
            .reduce(
              (a, b) => a + b,
              (a, b) => a - b,
              { name: 'sums' },
            )
            .mapValues(String)
            .toStream()
            .to('out', STRINGS);
          const steps = records.map(([topic, key, value], at): Step => [topic, key, value, at]);
          const latest = new Map(
            (await piped(builder, steps, { repartition })).map((one) => one.split(/[=@]/) as [string, string]),
          );
          const totals = new Map<string, number>();
          for (const [, key] of records) totals.set(key, (totals.get(key) ?? 0) + 1);
          for (const [group, parity] of [
            ['even', 0],
            ['odd', 1],
          ] as const) {
            const sum = [...totals.values()].filter((total) => total % 2 === parity).reduce((a, b) => a + b, 0);
            expect(Number(latest.get(group) ?? 0)).toBe(sum);
          }
        },
      ),
      { numRuns: 6, seed: 5 },
    );
  });
});

it('several changes within one commit reach a group as one, and leave nothing behind', async () => {
  const builder = new StreamsBuilder();
  const count = (topic: string) =>
    builder
      .stream(topic, { ...STRINGS, nulls: 'skip' })
      .groupByKey()
      .count({ name: topic });
  count('left')
    .join(count('right'), (l, r) => l * 10 + r)
    .groupBy((_key, both) => ['all', both], { key: stringSerde, value: numberSerde })
    .reduce(
      (a, b) => a + b,
      (a, b) => a - b,
      { name: 'sum' },
    )
    .mapValues(String)
    .toStream()
    .to('out', STRINGS);
  const { TopologyTestDriver } = await import('../../../../streams/testing/topology-test-driver.js');
  const driver = await TopologyTestDriver.create(builder.build());
  const pipe = (topic: string, keys: string) =>
    driver.pipeInputs(
      topic,
      stringSerde,
      stringSerde,
      [...keys].map((key, timestamp) => ({ key, value: 'v', timestamp })),
    );
  // Both topics' records are read by one commit, where they are in the log before it.
  await Promise.all([pipe('left', 'aabab'), pipe('right', 'abbb')]);
  await Promise.all([pipe('left', 'a'), pipe('right', 'ab')]);
  const results = await driver.readOutput('out', stringSerde, stringSerde);
  // a: 4 left, 2 right; b: 2 left, 4 right.
  expect(results.at(-1)?.value).toBe(String(42 + 24));
  await driver.close();
});
