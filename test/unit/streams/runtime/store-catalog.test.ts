import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  jsonSerde,
  type KStream,
  keyValueStore,
  numberSerde,
  type Serde,
  Streams,
  StreamsBuilder,
  stringSerde,
  TimeWindows,
  type Topology,
} from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { temporaryDirectory } from '../../../integration/millrace.js';

const STRINGS = { key: stringSerde, value: stringSerde };
const COUNTS = { key: stringSerde, value: numberSerde };

let log: EmbeddedLog;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let warnings: string[];
const listener = ({ message }: Error) => warnings.push(message);

beforeEach(async () => {
  log = await EmbeddedLog.inMemory();
  for (const topic of ['in', 'other', 'out', 'out2']) await log.ensureTopic(topic, { partitions: 1 });
  directory = await temporaryDirectory();
  warnings = [];
  process.on('warning', listener);
});

afterEach(async () => {
  process.off('warning', listener);
  await log.close();
  await directory.remove();
});

async function append(topic: string, ...values: string[]): Promise<void> {
  const transaction = log.transaction();
  for (const value of values) transaction.append(topic, 0, 1, Buffer.from('k'), Buffer.from(value));
  await transaction.commit();
}

/** Processes what there is. Without a directory the state is restored from the changelogs. */
async function run(topology: Topology, isDurable = true, now = Date.now): Promise<void> {
  const stateDirectory = isDurable ? { stateDirectory: directory.path } : {};
  const streams = new Streams(topology, { applicationId: 'app', log, commitInterval: 1, now, ...stateDirectory });
  await streams.start();
  while ((await streams.lag()) > 0 && streams.state !== 'ERROR') await new Promise((done) => setTimeout(done, 2));
  await streams.close();
}

async function read<V>(topic: string, serde: Serde<V>): Promise<V[]> {
  const consumer = log.consumer();
  consumer.assign({ topic, partition: 0 }, 0);
  const values: V[] = [];
  const end = await log.endOffset({ topic, partition: 0 });
  for (let at = 0; at < end; ) {
    for (const cursor of await consumer.poll(10)) {
      while (cursor.next())
        values.push(serde.deserialize(topic, cursor.valueBytes, cursor.valueStart, cursor.valueEnd));
      at = cursor.nextOffset;
    }
  }
  await consumer.close();
  return values;
}

const NUMBERS = keyValueStore({ name: 'st', keySerde: stringSerde, valueSerde: numberSerde });

function topology(...parts: ((builder: StreamsBuilder, stream: KStream<string, string>) => void)[]): Topology {
  const builder = new StreamsBuilder();
  const stream = builder.stream('in', { ...STRINGS, nulls: 'skip' });
  for (const part of parts) part(builder, stream);
  return builder.build();
}

type Part = Parameters<typeof topology>[0];
const count =
  (out: string, name?: string): Part =>
  (_builder, stream) =>
    stream
      .groupByKey()
      .count(name === undefined ? {} : { name })
      .toStream()
      .to(out, COUNTS);

const summed = { initializer: () => 0, add: (_key: string, value: string, sum: number) => sum + value.length };
/** What the store `st` can be. */
const kinds: Record<string, Part> = {
  'windows of 10 ms': (_builder, stream) =>
    stream.groupByKey().windowedBy(TimeWindows.ofSizeWithNoGrace(10)).count({ name: 'st' }),
  'windows of 20 ms': (_builder, stream) =>
    stream.groupByKey().windowedBy(TimeWindows.ofSizeWithNoGrace(20)).count({ name: 'st' }),
  counts: (_builder, stream) => stream.groupByKey().count({ name: 'st' }),
  doubles: (_builder, stream) => stream.groupByKey().aggregate(summed, { name: 'st', value: numberSerde }),
  json: (_builder, stream) => stream.groupByKey().aggregate(summed, { name: 'st', value: jsonSerde<number>() }),
  'a processor': (_builder, stream) =>
    stream.process(
      () => {
        let put: (key: string) => void;
        return {
          init: (context) => {
            put = (key) => context.stateStore(NUMBERS).put(key, 1);
          },
          process: ({ key }) => put(key),
        };
      },
      { stores: [NUMBERS] },
    ),
};
const names = Object.keys(kinds);
const pairs = names.flatMap((before) => names.filter((after) => after !== before).map((after) => [before, after]));

it.each(pairs)(
  'a store that holds %s is not taken for %s, from its directory or its changelog',
  async (before, after) => {
    await append('in', 'x', 'yy');
    await run(topology(kinds[before as string] as Part));
    await append('in', 'z');
    for (const isDurable of [true, false]) {
      await expect(run(topology(kinds[after as string] as Part), isDurable)).rejects.toMatchObject({
        code: 'STATE_MISMATCH',
        message: expect.stringMatching(
          /^the store "st" holds .+ and the topology wants .+; give the new one another name/,
        ),
      });
    }
  },
);

it('a store that holds nothing can become another', async () => {
  await run(topology(kinds['counts'] as Part));
  await append('in', 'x');
  await run(topology(kinds['doubles'] as Part));
});

it('what serdes that do not say their format have written is told by its store when it cannot be read', async () => {
  const unnamed = <T>({ deserialize, serialize }: Serde<T>): Serde<T> => ({ deserialize, serialize });
  const windows = (value: Serde<number>): Part => {
    const merge = (left: number, right: number) => left + right;
    return (_builder, stream) =>
      stream
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeWithNoGrace(1000))
        .aggregate({ ...summed, merge }, { name: 'st', value });
  };
  await append('in', 'x');
  await run(topology(windows(unnamed(numberSerde))));
  await expect(run(topology(windows(unnamed(jsonSerde<number>()))))).rejects.toMatchObject({
    code: 'STATE_MISMATCH',
    message: expect.stringContaining('the store "st" cannot read what it holds'),
  });
});

describe('a store without a name', () => {
  const first = 'KSTREAM-AGGREGATE-STATE-STORE-0000000001';
  const errors: Part = (_builder, stream) =>
    stream
      .groupByKey()
      .count()
      .filter(() => true)
      .toStream()
      .to('out2', COUNTS);

  it('is not taken over by an aggregate that is put before it', async () => {
    await append('in', 'x', 'x', 'x');
    await run(topology(count('out')));
    await append('in', 'x');
    await expect(run(topology(errors, count('out')))).rejects.toMatchObject({
      code: 'STATE_MISMATCH',
      message: expect.stringContaining(`{ name: '${first}' }`),
    });
    // As the message says.
    await run(topology(count('out2', 'errors'), count('out', first)));
    expect((await read('out', numberSerde)).at(-1)).toBe(4);
    expect((await read('out2', numberSerde)).at(-1)).toBe(1);
  });

  it('is not taken over by one that is left when another goes', async () => {
    await append('in', 'x');
    await run(topology(errors, count('out')));
    await expect(run(topology(count('out')))).rejects.toMatchObject({ code: 'STATE_MISMATCH' });
  });

  it('does not silently begin anew when an operator is put before it', async () => {
    await append('in', 'x');
    await run(topology(count('out')));
    const moved: Part = (_builder, stream) =>
      stream
        .filter(() => true)
        .groupByKey()
        .count()
        .toStream()
        .to('out', COUNTS);
    await expect(run(topology(moved))).rejects.toThrow(
      `"${first}", which is no longer in the topology, holds the same`,
    );
  });

  it('goes on when something is added behind it, or another aggregate after it', async () => {
    await append('in', 'x');
    await run(topology(count('out')));
    await append('in', 'x');
    const behind: Part = (_builder, stream) => {
      const counts = stream.groupByKey().count().toStream();
      counts.to('out', COUNTS);
      counts.filter(() => true).to('out2', COUNTS);
    };
    await run(topology(behind));
    await append('in', 'x');
    const after: Part = (_builder, stream) => stream.groupByKey().aggregate(summed, { value: numberSerde });
    await run(topology(behind, after));
    expect((await read('out', numberSerde)).at(-1)).toBe(3);
  });
});

/** Puts, deletes and shows rows, as it is told. */
function rows(name: string, out: string): Part {
  const store = keyValueStore({ name, keySerde: stringSerde, valueSerde: stringSerde });
  return (_builder, stream) =>
    stream
      .process<string, string>(
        () => {
          let act: (value: string) => void;
          return {
            init: (context) => {
              const kept = context.stateStore(store);
              act = (value) => {
                const [verb, key = ''] = value.split(' ');
                if (verb === 'put') kept.put(key, 'there');
                else if (verb === 'delete') kept.delete(key);
                else context.forward({ key, value: `${key}: ${kept.get(key)}`, timestamp: 1 });
              };
            },
            process: ({ value }) => act(value),
          };
        },
        { stores: [store] },
      )
      .to(out, STRINGS);
}

const DAY = 86_400_000;

it('rows that were deleted while another task had the store do not come to life again', async () => {
  let clock = Date.now();
  const now = () => clock;
  const version = (...stores: (readonly [name: string, topic: string, out: string])[]): Topology => {
    const builder = new StreamsBuilder();
    for (const [name, topic, out] of stores) {
      rows(name, out)(builder, builder.stream(topic, { ...STRINGS, nulls: 'skip' }));
    }
    return builder.build();
  };
  const one = () => version(['a', 'in', 'out']);
  // The other store is the first task's now, and `a` the second's.
  const two = () => version(['b', 'other', 'out2'], ['a', 'in', 'out']);
  await append('in', 'put x', 'put y');
  await run(one(), true, now);
  clock += 3_600_000;
  await append('in', 'delete x');
  await append('other', 'put k');
  await run(two(), true, now);
  for (let hour = 0; hour < 48; hour += 12) {
    clock += DAY / 2;
    await append('in', 'put z');
    await append('other', 'put k');
    await run(two(), true, now);
  }
  // The deletion is older than a day.
  await log.compact({ topic: 'app-a-changelog', partition: 0 }, clock);
  await append('in', 'show x', 'show y', 'show z');
  await run(one(), true, now);
  expect(await read('out', stringSerde)).toEqual(['x: undefined', 'y: there', 'z: there']);
});

it('what a store that is gone leaves in a directory is deleted, with a word', async () => {
  await append('in', 'put x');
  await run(topology(rows('a', 'out')));
  await run(topology(rows('b', 'out')));
  expect(warnings.join()).toContain('the store "a" is no longer one of task 0_0');
  await append('in', 'show x');
  await run(topology(rows('a', 'out')));
  expect(await read('out', stringSerde)).toEqual(['x: there']);
});

it('the state of a task that is gone is deleted, with a word', async () => {
  await append('in', 'x');
  await append('other', 'x');
  const two = (): Topology => {
    const builder = new StreamsBuilder();
    for (const topic of ['other', 'in'])
      builder
        .stream(topic, STRINGS)
        .groupByKey()
        .count({ name: `counts-${topic}` });
    return builder.build();
  };
  await run(two());
  await run(topology((_builder, stream) => stream.groupByKey().count({ name: 'counts-in' })));
  expect((await readdir(join(directory.path, 'app'))).filter((name) => /^\d/.test(name))).toEqual(['0_0']);
  expect(warnings.join()).toContain('no task 1_0 any more');
});

it('a state of which a table is missing is rebuilt from the changelog, with a warning', async () => {
  for (const value of ['put x', 'put y', 'put z']) {
    await append('in', value);
    await run(topology(rows('a', 'out')));
  }
  const path = join(directory.path, 'app', '0_0');
  const tables = (await readdir(path)).filter((name) => name.endsWith('.ldb'));
  expect(tables).not.toEqual([]);
  for (const name of tables) await rm(join(path, name));
  await append('in', 'show x', 'show z');
  await run(topology(rows('a', 'out')));
  expect(await read('out', stringSerde)).toEqual(['x: there', 'z: there']);
  expect(warnings.join()).toMatch(/is damaged .*; it is rebuilt from the changelog/);
});
