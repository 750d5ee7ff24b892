import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ArgumentError, StreamsBuilder, stringSerde, versionedStore } from '../../../../../streams/index.js';
import { TopologyTestDriver } from '../../../../../streams/testing/topology-test-driver.js';

const STRINGS = { key: stringSerde, value: stringSerde };

async function table(versioned: number, options: Parameters<typeof TopologyTestDriver.create>[1] = {}) {
  const builder = new StreamsBuilder();
  builder.table('in', STRINGS, { name: 'rows', versioned }).toStream().to('out', STRINGS);
  const driver = await TopologyTestDriver.create(builder.build(), options);
  const pipe = (key: string | null, value: string | null, timestamp: number) =>
    driver.pipeInput('in', stringSerde, stringSerde, { key, value, timestamp });
  const rows = () => driver.getVersionedStore<string, string>('rows');
  return { driver, pipe, rows };
}

it('a version is valid from its time to that of the next, whatever the order in which they come', async () => {
  const { driver, pipe, rows } = await table(100);
  await pipe('k', 'b', 20);
  await pipe('k', 'a', 10);
  await pipe('k', null, 40);
  await pipe('k', 'c', 30);
  expect(rows().get('k')).toBeUndefined();
  expect(rows().get('k', 9)).toBeUndefined();
  expect(rows().get('k', 10)).toEqual({ value: 'a', timestamp: 10, validTo: 20 });
  expect(rows().get('k', 29)).toEqual({ value: 'b', timestamp: 20, validTo: 30 });
  expect(rows().get('k', 39)).toEqual({ value: 'c', timestamp: 30, validTo: 40 });
  expect(rows().get('k', 40)).toBeUndefined();
  // b is valid up to 30, which is not in it any more; a deletion is no version that is told.
  expect(
    rows()
      .history('k', 20, 45)
      .map(({ value }) => value),
  ).toEqual(['b', 'c']);
  expect(
    rows()
      .history('k', 30, 30)
      .map(({ value }) => value),
  ).toEqual(['c']);
  await pipe('k', 'd', 50);
  expect(rows().get('k')).toEqual({ value: 'd', timestamp: 50, validTo: undefined });
  const output = await driver.readOutput('out', stringSerde, stringSerde);
  expect(output.map(({ timestamp, value }) => `${value}@${timestamp}`)).toEqual([
    'b@20',
    'a@10',
    'null@40',
    'c@30',
    'd@50',
  ]);
  await driver.close();
});

it('a put tells until when it is valid, replaces a version of its time, and is refused beyond the retention', async () => {
  const { driver, rows } = await table(10);
  const store = rows();
  expect(store.put('k', 'a', 20)).toBe(Number.POSITIVE_INFINITY);
  expect(store.put('k', 'b', 15)).toBe(20);
  expect(store.put('k', 'B', 15)).toBe(20);
  expect(store.get('k', 19)).toEqual({ value: 'B', timestamp: 15, validTo: 20 });
  // The time of the store is 20, of all keys: 10 is taken, 9 is not.
  expect(store.put('l', 'x', 9)).toBeUndefined();
  expect(store.put('l', 'x', 10)).toBe(Number.POSITIVE_INFINITY);
  expect(store.delete('k', 18)).toEqual({ value: 'B', timestamp: 15, validTo: 20 });
  expect(store.get('k', 18)).toBeUndefined();
  expect(store.get('k', 17)).toEqual({ value: 'B', timestamp: 15, validTo: 18 });
  await driver.close();
});

it('nothing is known of before the retention, unless the latest version is that old', async () => {
  const { driver, pipe, rows } = await table(10);
  await pipe('old', 'a', 1);
  await pipe('k', 'a', 1);
  await pipe('k', 'b', 5);
  await pipe('k', 'c', 30);
  expect(rows().get('old', 3)).toEqual({ value: 'a', timestamp: 1, validTo: undefined });
  expect(rows().get('k', 19)).toBeUndefined();
  expect(rows().get('k', 20)).toEqual({ value: 'b', timestamp: 5, validTo: 30 });
  expect(
    rows()
      .history('k')
      .map(({ value }) => value),
  ).toEqual(['b', 'c']);
  await pipe('k', 'late', 19);
  expect(driver.metrics.skipped).toEqual({ rows: { 'older than the history retention': 1 } });
  expect(await driver.readOutput('out', stringSerde, stringSerde)).toHaveLength(4);
  await driver.close();
});

it('versions, and the time of the store, are there again after a restart', async () => {
  const { driver, pipe, rows } = await table(10, { partitions: 2 });
  for (const [value, time] of [
    ['x', 10],
    ['y', 15],
    ['z', 30],
  ] as const) {
    for (const key of ['a', 'b', 'c']) await pipe(key, value, time);
  }
  await driver.restart();
  for (const key of ['a', 'b', 'c']) {
    expect(rows().get(key)).toEqual({ value: 'z', timestamp: 30, validTo: undefined });
    expect(rows().get(key, 29)).toEqual({ value: 'y', timestamp: 15, validTo: 30 });
    expect(rows().put(key, 'too late', 19)).toBeUndefined();
  }
  await driver.close();
});

it('a processor has a store of its own, whose values are its own', async () => {
  const store = versionedStore({ name: 'prices', ...serdes(), historyRetention: '1m' });
  const builder = new StreamsBuilder();
  builder
    .stream('in', STRINGS)
    .process<string, string>(
      () => {
        let prices: ReturnType<typeof store.create>;
        let forward: (key: string, value: string, timestamp: number) => void;
        return {
          init: (context) => {
            prices = context.stateStore(store) as typeof prices;
            forward = (key, value, timestamp) => context.forward({ key, value, timestamp });
          },
          process: ({ key, timestamp, value }) => {
            if (value === 'ask') forward(`${key}`, prices.get(`${key}`, timestamp)?.value ?? 'nothing', timestamp);
            else prices.put(`${key}`, value, timestamp);
          },
        };
      },
      { stores: [store] },
    )
    .to('out', STRINGS);
  const driver = await TopologyTestDriver.create(builder.build());
  const pipe = (value: string, timestamp: number) =>
    driver.pipeInput('in', stringSerde, stringSerde, { key: 'k', value, timestamp });
  await pipe('one', 10);
  await pipe('three', 30);
  await driver.restart();
  await pipe('two', 20);
  for (const time of [5, 15, 25, 35]) await pipe('ask', time);
  const output = await driver.readOutput('out', stringSerde, stringSerde);
  expect(output.map(({ value }) => value)).toEqual(['nothing', 'one', 'two', 'three']);
  await driver.close();
});

it('a history retention that is no duration is refused', () => {
  const given = { name: 'prices', ...serdes(), historyRetention: 'long' as '1m' };
  expect(() => versionedStore(given)).toThrow(ArgumentError);
});

function serdes() {
  return { keySerde: stringSerde, valueSerde: stringSerde };
}

interface Put {
  readonly key: string;
  readonly value: string | null;
  readonly timestamp: number;
}

/** All puts that were taken, none forgotten, and what can be asked of them. */
class PlainVersions {
  readonly #retention: number;
  readonly #puts = new Map<string, Map<number, string | null>>();
  #time = -1;

  constructor(retention: number) {
    this.#retention = retention;
  }

  put({ key, timestamp, value }: Put): number | undefined {
    if (timestamp < this.#time - this.#retention) return undefined;
    this.#time = Math.max(this.#time, timestamp);
    const ofKey = this.#puts.get(key) ?? new Map<number, string | null>();
    this.#puts.set(key, ofKey.set(timestamp, value));
    return this.#next(key, timestamp);
  }

  get(key: string, asOf: number) {
    const times = [...(this.#puts.get(key)?.keys() ?? [])];
    const time = Math.max(...times.filter((one) => one <= asOf));
    const value = this.#puts.get(key)?.get(time) ?? null;
    const isLatest = time === Math.max(...times);
    if (value === null || (asOf < this.#time - this.#retention && !isLatest)) return undefined;
    return { value, timestamp: time, validTo: isLatest ? undefined : this.#next(key, time) };
  }

  #next(key: string, after: number): number {
    return Math.min(...[...(this.#puts.get(key)?.keys() ?? [])].filter((time) => time > after));
  }
}

it('answers what a store that forgets nothing does, for puts in any order and restarts', async () => {
  const put = fc.record({
    key: fc.constantFrom('a', 'b'),
    value: fc.option(fc.constantFrom('x', 'yy', ''), { nil: null, freq: 3 }),
    timestamp: fc.nat(60),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(put, { maxLength: 8 }), { maxLength: 5 }),
      fc.nat(30),
      async (runs, retention) => {
        const { driver, pipe, rows } = await table(retention);
        const plain = new PlainVersions(retention);
        for (const puts of runs) {
          for (const one of puts) expect(rows().put(one.key, one.value, one.timestamp)).toBe(plain.put(one));
          // What is put by hand is committed with a record.
          await pipe(null, null, 0);
          await driver.restart();
          for (const key of ['a', 'b']) {
            for (let asOf = 0; asOf <= 61; asOf++) expect(rows().get(key, asOf)).toEqual(plain.get(key, asOf));
          }
        }
        await driver.close();
      },
    ),
    { numRuns: 25 },
  );
});

it('joins and aggregations of tables follow the latest versions, and a stream of the changes has all', async () => {
  const builder = new StreamsBuilder();
  const rows = builder.table('rows', STRINGS, { name: 'rows', versioned: 100 });
  const others = builder.table('others', STRINGS, { name: 'others' });
  rows.toStream().to('out', STRINGS);
  rows
    .groupBy((_key, value) => [value, value], STRINGS)
    .count({ name: 'counts' })
    .toStream()
    .mapValues((count) => `${count}`)
    .to('counts', STRINGS);
  rows
    .mapValues((value) => value.toUpperCase())
    .join(others, (row, other) => `${row} ${other}`)
    .toStream()
    .to('joined', STRINGS);
  const driver = await TopologyTestDriver.create(builder.build());
  const pipe = (topic: string, value: string | null, timestamp: number) =>
    driver.pipeInput(topic, stringSerde, stringSerde, { key: 'k', value, timestamp });
  await pipe('others', 'x', 0);
  await pipe('rows', 'b', 20);
  await pipe('rows', 'a', 10);
  await pipe('rows', null, 15);
  await pipe('rows', 'B', 20);
  const told = async (topic: string) => {
    const output = await driver.readOutput(topic, stringSerde, stringSerde);
    return output.map(({ key, timestamp, value }) => `${key}=${value}@${timestamp}`);
  };
  expect(await told('out')).toEqual(['k=b@20', 'k=a@10', 'k=null@15', 'k=B@20']);
  expect(await told('joined')).toEqual(['k=B x@20', 'k=B x@20']);
  expect((await told('counts')).sort()).toEqual(['B=1@20', 'b=0@20', 'b=1@20']);
  await driver.close();
});

it('a stream is joined with what the row was at the time of the record', async () => {
  const builder = new StreamsBuilder();
  const rows = builder.table('rows', STRINGS, { name: 'rows', versioned: 100 });
  const long = rows.filter((_key, value) => value.length > 1);
  const stream = builder.stream('in', { ...STRINGS, nulls: 'skip' });
  stream.leftJoin(rows, (value, row) => `${value}: ${row}`).to('out', STRINGS);
  stream.join(long, (value, row) => `${value}: ${row}`).to('long', STRINGS);
  const driver = await TopologyTestDriver.create(builder.build());
  for (const [value, timestamp] of [
    ['one', 10],
    ['two', 20],
    ['3', 30],
  ] as const) {
    await driver.pipeInput('rows', stringSerde, stringSerde, { key: 'k', value, timestamp });
  }
  for (const timestamp of [35, 5, 15, 25]) {
    await driver.pipeInput('in', stringSerde, stringSerde, { key: 'k', value: `at ${timestamp}`, timestamp });
  }
  const told = async (topic: string) => {
    const output = await driver.readOutput(topic, stringSerde, stringSerde);
    return output.map(({ value }) => value);
  };
  expect(await told('out')).toEqual(['at 35: 3', 'at 5: null', 'at 15: one', 'at 25: two']);
  expect(await told('long')).toEqual(['at 15: one', 'at 25: two']);
  await driver.close();
});
