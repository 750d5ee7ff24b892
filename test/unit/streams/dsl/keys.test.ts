import { describe, expect, it } from 'vitest';
import {
  jsonSerde,
  keyValueStore,
  numberSerde,
  type Serde,
  Streams,
  StreamsBuilder,
  stringSerde,
  TimeWindows,
  TopologyError,
} from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';

const STRINGS = { key: stringSerde, value: stringSerde };

/** Counts what JSON says are keys, in one window or without, as `[key, count]` of the last changes. */
async function counts<K>(serde: Serde<K>, runs: K[][], isWindowed: boolean): Promise<string[]> {
  const log = await EmbeddedLog.inMemory();
  for (const topic of ['in', 'out']) await log.ensureTopic(topic, { partitions: 1 });
  const counted: string[] = [];
  for (const keys of runs) {
    const builder = new StreamsBuilder();
    let next = 0;
    const grouped = builder
      .stream('in', { key: stringSerde, value: stringSerde, nulls: 'skip' })
      .map((_key, value) => [keys[next++] as unknown, value])
      .groupByKey({ key: serde as unknown as Serde<unknown> });
    const stream = isWindowed
      ? grouped
          .windowedBy(TimeWindows.ofSizeWithNoGrace(1000))
          .count({ name: 'c' })
          .toStream()
          .map(({ key }, count) => [key as unknown, count])
      : grouped
          .count({ name: 'c' })
          .toStream()
          .map((key, count) => [key as unknown, count]);
    const last = new Map<string, unknown>();
    stream
      .peek((key, count) => {
        const bytes = Buffer.from(serde.serialize('', key as K)).toString('hex');
        last.set(bytes, count);
      })
      .to('out', { key: null, value: jsonSerde<number>() });
    const transaction = log.transaction();
    for (const _key of keys) transaction.append('in', 0, 1, Buffer.from('k'), Buffer.from('v'));
    await transaction.commit();
    const streams = new Streams(builder.build(), { applicationId: 'a', log });
    await streams.start();
    while ((await streams.lag()) > 0) await new Promise((resolve) => setTimeout(resolve, 2));
    await streams.close();
    counted.push([...last].map(([bytes, count]) => `${bytes}=${count}`).join(' '));
  }
  await log.close();
  return counted;
}

describe.each([
  ['without windows', false],
  ['by windows', true],
])('keys are one where their bytes are, before and after a restart, %s', (_name, isWindowed) => {
  it('texts with lone surrogates, which UTF-8 cannot tell apart', async () => {
    // EF BF BD is U+FFFD, the replacement character.
    expect(await counts(stringSerde, [['\ud83d', '\ud83c', '\ufffd'], ['\ud83c']], isWindowed)).toEqual([
      'efbfbd=3',
      'efbfbd=4',
    ]);
  });

  it('0 and -0 as doubles are two', async () => {
    const expected = ['0000000000000000=2 8000000000000000=1', '8000000000000000=2 0000000000000000=3'];
    expect(
      await counts(
        numberSerde,
        [
          [0, -0, 0],
          [-0, 0],
        ],
        isWindowed,
      ),
    ).toEqual(expected);
  });

  it('0 and -0 in JSON are one, and a text is not the object that it spells', async () => {
    const json = jsonSerde<unknown>();
    expect(await counts(json, [[0, -0, '[1]', [1], '[1]'], [[1]]], isWindowed)).toEqual([
      `30=2 ${Buffer.from('"[1]"').toString('hex')}=2 ${Buffer.from('[1]').toString('hex')}=1`,
      `${Buffer.from('[1]').toString('hex')}=2`,
    ]);
  });

  it('texts that a serde writes alike', async () => {
    const lower: Serde<string> = {
      serialize: (topic, value) => stringSerde.serialize(topic, value.toLowerCase()),
      deserialize: stringSerde.deserialize,
    };
    expect(await counts(lower, [['A', 'a', 'A'], ['A']], isWindowed)).toEqual(['61=3', '61=4']);
  });
});

it.each([
  // U+1F600 takes two code units from U+D800, and sorts behind U+FF5E by its bytes: F0 9F 98 80 and EF BD 9E.
  ['texts', stringSerde, ['\u{1f600}', '\uff5e', 'z', '\u00e9', 'a'], ['a', 'z', '\u00e9', '\uff5e', '\u{1f600}']],
  // The sign is the first bit of a double, and the larger exponents come later: 2 is 40 00, 9 is 40 22, -1 is bf f0.
  ['numbers', numberSerde, [-1, 2, -3, 10, 9], [2, 9, 10, -1, -3]],
] as const)('closed windows come in the order of the bytes of their keys: %s', async (_name, serde, keys, expected) => {
  const builder = new StreamsBuilder();
  builder
    .stream('in', { key: serde as Serde<string | number>, value: stringSerde })
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
    .emitStrategy('onWindowClose')
    .count({ name: 'c' })
    .toStream()
    .map(({ key }, count) => [key, count])
    .to('out', { key: serde as Serde<string | number>, value: numberSerde });
  const driver = await TopologyTestDriver.create(builder.build());
  for (const key of keys) {
    await driver.pipeInput('in', serde as Serde<string | number>, stringSerde, { key, value: 'v', timestamp: 1 });
  }
  await driver.drain();
  const output = await driver.readOutput('out', serde as Serde<string | number>, numberSerde);
  await driver.close();
  expect(output.map(({ key }) => key)).toEqual(expected);
});

describe('a sink', () => {
  const stream = () => new StreamsBuilder().stream('in', STRINGS);

  it('needs a serde for keys that an operator has made, or that are windowed', () => {
    const value = stringSerde;
    const nothing = [] as unknown as [never];
    expect(() =>
      stream()
        .selectKey(() => 'k')
        .to('out', ...nothing),
    ).toThrow(TopologyError);
    expect(() =>
      stream()
        .map((key) => [key, 'v'])
        .to('out', { value } as never),
    ).toThrow('{ key: null }');
    const windowed = stream().groupByKey().windowedBy(TimeWindows.ofSizeWithNoGrace(10)).count().toStream();
    expect(() => windowed.to('out', ...nothing)).toThrow('a serde for the key');
  });

  it('writes no keys where there are none, or where none are wanted', () => {
    new StreamsBuilder().stream('in', { value: stringSerde }).filter(Boolean).to('out');
    stream()
      .selectKey(() => 'k')
      .to('out', { key: null });
  });
});

describe('a time that is none', () => {
  const times = [1.5, -1, Number.NaN, Number.POSITIVE_INFINITY, undefined, '5', new Date(5), 1.7e18] as number[];

  it.each(times)('is refused where it is forwarded: %s', async (timestamp) => {
    const builder = new StreamsBuilder();
    const asked: string[] = [];
    builder
      .stream('in', STRINGS)
      .process<string, string>(
        () => {
          let forward: (timestamp: number) => void;
          return {
            init: (context) => {
              forward = (given) => context.forward({ key: 'k', value: 'v', timestamp: given });
            },
            process: (record) => forward(record.timestamp === 1 ? timestamp : record.timestamp),
          };
        },
        { name: 'stamps' },
      )
      .groupByKey({ key: stringSerde })
      .count({ name: 'c' })
      .toStream()
      .to('out', { key: stringSerde, value: numberSerde });
    const driver = await TopologyTestDriver.create(builder.build(), {
      repartition: 'topic',
      processingExceptionHandler: (error, { node, offset }) => {
        asked.push(`${node} ${offset} ${error.message}`);
        return 'continue';
      },
    });
    for (const given of [1, 2]) {
      await driver.pipeInput('in', stringSerde, stringSerde, { key: 'k', value: 'v', timestamp: given });
    }
    const output = await driver.readOutput('out', stringSerde, numberSerde);
    await driver.close();
    expect(asked).toEqual([
      expect.stringContaining('stamps 0 the processor "stamps" forwards a record whose timestamp'),
    ]);
    expect(output.map(({ value, timestamp: at }) => `${value}@${at}`)).toEqual(['1@2']);
  });
});

describe('a store of a processor', () => {
  const build = (sharesValues: boolean) => {
    const builder = new StreamsBuilder();
    const store = keyValueStore<string, { n: number }>({
      name: 's',
      keySerde: stringSerde,
      valueSerde: jsonSerde(),
      sharesValues,
    });
    builder.stream('in', { ...STRINGS, nulls: 'skip' }).process<string, string>(() => ({ process: () => {} }), {
      stores: [store],
    });
    return TopologyTestDriver.create(builder.build());
  };

  it('does not show what was changed without being put', async () => {
    const driver = await build(false);
    const store = driver.keyValueStore<string, { n: number }>('s');
    const value = { n: 1 };
    store.put('k', value);
    value.n = 2;
    expect(store.get('k')).toEqual({ n: 1 });
    (store.get('k') as { n: number }).n = 3;
    expect(store.get('k')).toEqual({ n: 1 });
    await driver.drain();
    expect(store.get('k')).toEqual({ n: 1 });
    await driver.close();
  });

  it('answers the object that was put, where it shares values', async () => {
    const driver = await build(true);
    const store = driver.keyValueStore<string, { n: number }>('s');
    const value = { n: 1 };
    store.put('k', value);
    expect(store.get('k')).toBe(value);
    await driver.close();
  });

  it.each([null, undefined])('takes a value of %s for a deletion', async (nothing) => {
    const driver = await build(false);
    const store = driver.keyValueStore<string, { n: number }>('s');
    store.put('k', { n: 1 });
    store.put('k', nothing);
    expect(store.get('k')).toBeUndefined();
    const entries: unknown[] = [];
    for await (const entry of store.all()) entries.push(entry);
    expect(entries).toEqual([]);
    await driver.close();
  });
});
