import { describe, expect, it } from 'vitest';
import {
  type ErrorContext,
  numberSerde,
  RecordError,
  type Serde,
  Streams,
  StreamsBuilder,
  stringSerde,
  TimeWindows,
} from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';

const STRINGS = { key: stringSerde, value: stringSerde };
const COUNTS = { key: stringSerde, value: numberSerde };

/** Throws for this one value. */
function unless<T>(bad: T, value: T): T {
  if (value === bad) throw new Error('boom');
  return value;
}

/** The serde of numbers, which cannot write 2. */
const noTwo: Serde<number> = {
  serialize: (topic, value) => numberSerde.serialize(topic, unless(2, value)),
  deserialize: numberSerde.deserialize,
};

const hopping = TimeWindows.ofSizeAndGrace(10, 100).advanceBy(5);
const strings = (builder: StreamsBuilder) => builder.stream('in', STRINGS);
/** Each record by itself in one commit: key k, values a, b, c; the second one fails. */
const ways: Record<string, { build: (builder: StreamsBuilder) => void; node: string; out: unknown[] }> = {
  'an operator behind a count': {
    build: (builder) =>
      strings(builder)
        .groupByKey()
        .count({ name: 'c' })
        .toStream()
        .mapValues((count) => unless(2, count))
        .to('out', COUNTS),
    node: 'KSTREAM-MAPVALUES-0000000002',
    out: [1, 3],
  },
  'an operator behind windows': {
    build: (builder) =>
      strings(builder)
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
        .count({ name: 'c' })
        .toStream()
        .map((key, count) => [String(key), unless(2, count)])
        .to('out', COUNTS),
    node: 'KSTREAM-MAP-0000000002',
    out: [1, 3],
  },
  'the filter of a table': {
    build: (builder) =>
      strings(builder)
        .groupByKey()
        .count({ name: 'c' })
        .filter((_key, count) => unless(2, count) > 0)
        .toStream()
        .to('out', COUNTS),
    node: 'KTABLE-FILTER-0000000001',
    // Of the third change the row before it, 2, is asked about as well.
    out: [1],
  },
  'a merge of windows': {
    build: (builder) =>
      strings(builder)
        .groupByKey()
        .windowedBy(hopping)
        .aggregate(
          {
            initializer: () => 0,
            add: (_key, _value, sum) => sum + 1,
            // Two slices of one record each are one window too many.
            merge: (left, right) => unless(2, left + right),
          },
          { name: 'c', value: numberSerde },
        )
        .toStream()
        .map((key, count) => [String(key), count])
        .to('out', COUNTS),
    node: 'c',
    out: [1, 1, 1],
  },
  'the serde of a store': {
    build: (builder) =>
      strings(builder)
        .groupByKey()
        .aggregate({ initializer: () => 0, add: (_key, _value, sum) => sum + 1 }, { name: 'c', value: noTwo })
        .toStream()
        .to('out', COUNTS),
    node: 'c',
    // As in Kafka Streams, the row stays what it was, so that the third record fails as well.
    out: [1],
  },
  'a stream-time punctuator': {
    build: (builder) =>
      strings(builder)
        .process<string, string>(() => ({
          init: (context) => {
            context.schedule(1, 'stream-time', async (time) => {
              await Promise.resolve();
              unless(2, time);
              context.forward({ key: 'tick', value: String(time), timestamp: time });
            });
          },
          process: () => {},
        }))
        .to('out', STRINGS),
    node: 'KSTREAM-PROCESSOR-0000000001',
    out: ['1', '3'],
  },
};

async function driveThree(
  build: (builder: StreamsBuilder) => void,
  response: 'continue' | 'dead-letter' | 'fail',
  times = [1, 2, 3],
) {
  const builder = new StreamsBuilder();
  build(builder);
  const asked: ErrorContext[] = [];
  const driver = await TopologyTestDriver.create(builder.build(), {
    deadLetterTopic: 'dead',
    processingExceptionHandler: (_error, record) => {
      asked.push(record);
      return response;
    },
  });
  for (const [i, value] of ['a', 'b', 'c'].entries()) {
    const timestamp = times[i] as number;
    await driver.pipeInput('in', stringSerde, stringSerde, { key: 'k', value, timestamp });
  }
  return { driver, asked };
}

describe.each(Object.entries(ways))('%s that throws', (name, { build, node, out }) => {
  const times = name === 'a merge of windows' ? [1, 6, 7] : undefined;
  const valueSerde = (typeof out[0] === 'string' ? stringSerde : numberSerde) as Serde<unknown>;

  it('asks the handler, and loses its result alone', async () => {
    const { asked, driver } = await driveThree(build, 'continue', times);
    const output = await driver.readOutput('out', stringSerde, valueSerde);
    await driver.close();
    expect(output.map(({ value }) => value)).toEqual(name === 'a merge of windows' ? expect.anything() : out);
    expect(asked.length).toBeGreaterThan(0);
    expect(new Set(asked.map((context) => `${context.node} in ${context.taskId}`))).toEqual(
      new Set([`${node} in 0_0`]),
    );
  });

  it('fails with the node, the task and what it failed for', async () => {
    const failure = await driveThree(build, 'fail', times).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RecordError);
    expect((failure as RecordError).message).toContain(`in ${node} (task 0_0)`);
    expect((failure as RecordError).message).toContain('boom');
  });

  it('sends what can be written to the dead letters, with the reason, the node and the task', async () => {
    const { driver } = await driveThree(build, 'dead-letter', times);
    const [letter] = await driver.readOutput('dead', stringSerde, stringSerde);
    await driver.close();
    const headers = Object.fromEntries((letter?.headers ?? []).map(({ key, value }) => [key, value?.toString()]));
    expect(headers).toMatchObject({ reason: 'boom', node, task: '0_0' });
  });
});

it('what is passed over in one branch goes on in the others', async () => {
  const builder = new StreamsBuilder();
  const stream = strings(builder);
  stream.mapValues((value) => unless('b', value)).to('out', STRINGS);
  stream.mapValues((value) => `${value}!`).to('out', STRINGS);
  const driver = await TopologyTestDriver.create(builder.build(), { processingExceptionHandler: () => 'continue' });
  for (const value of ['a', 'b']) {
    await driver.pipeInput('in', stringSerde, stringSerde, { key: 'k', value, timestamp: 1 });
  }
  expect((await driver.readOutput('out', stringSerde, stringSerde)).map(({ value }) => value)).toEqual([
    'a',
    'a!',
    'b!',
  ]);
  await driver.close();
});

it('what cannot be serialized for a sink has a handler of its own', async () => {
  const builder = new StreamsBuilder();
  strings(builder).groupByKey().count({ name: 'c' }).toStream().to('out', { key: stringSerde, value: noTwo });
  const asked: string[] = [];
  const driver = await TopologyTestDriver.create(builder.build(), {
    processingExceptionHandler: () => 'fail',
    productionExceptionHandler: (error, { key, value }) => {
      asked.push(`${error.message} ${key} ${value}`);
      return 'continue';
    },
  });
  for (const timestamp of [1, 2, 3]) {
    await driver.pipeInput('in', stringSerde, stringSerde, { key: 'k', value: 'v', timestamp });
  }
  expect(asked).toEqual(['boom k 2']);
  expect((await driver.readOutput('out', stringSerde, numberSerde)).map(({ value }) => value)).toEqual([1, 3]);
  await driver.close();
});

it('an aggregate of a window that cannot be serialized stays what it was', async () => {
  const builder = new StreamsBuilder();
  strings(builder)
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeWithNoGrace(100))
    .aggregate({ initializer: () => 0, add: (_key, value) => value?.length ?? 0 }, { name: 'c', value: noTwo })
    .toStream()
    .map((key, size) => [`${key.key}`, size])
    .to('out', COUNTS);
  const asked: unknown[] = [];
  const driver = await TopologyTestDriver.create(builder.build(), {
    processingExceptionHandler: (_error, { node, key }) => {
      asked.push(`${node} ${key}`);
      return 'continue';
    },
  });
  for (const [key, value] of [
    ['a', 'x'],
    ['b', 'xx'],
    ['a', 'xx'],
    ['a', 'xxx'],
  ] as const) {
    await driver.pipeInput('in', stringSerde, stringSerde, { key, value, timestamp: 1 });
  }
  expect(asked).toEqual(['c b', 'c a']);
  await driver.close();
});

it('an application that failed at a commit goes on where it was with a mended program', async () => {
  const log = await EmbeddedLog.inMemory();
  for (const topic of ['in', 'out']) await log.ensureTopic(topic, { partitions: 1 });
  const run = async (isMended: boolean) => {
    const builder = new StreamsBuilder();
    strings(builder)
      .groupByKey()
      .count({ name: 'c' })
      .toStream()
      .mapValues((count) => (isMended ? count : unless(2, count)))
      .to('out', COUNTS);
    const streams = new Streams(builder.build(), { applicationId: 'a', log, commitInterval: 1 });
    await streams.start();
    try {
      await streams.drain();
    } finally {
      await streams.close().catch(() => {});
    }
  };
  const append = async (values: string[]) => {
    const transaction = log.transaction();
    for (const value of values) transaction.append('in', 0, 1, Buffer.from('k'), Buffer.from(value));
    await transaction.commit();
  };
  await append(['x']);
  await run(false);
  await append(['y']);
  await expect(run(false)).rejects.toThrow('cannot process the result for the key k in KSTREAM-MAPVALUES');
  await run(true);
  const consumer = log.consumer();
  consumer.assign({ topic: 'out', partition: 0 }, 0);
  const counts: number[] = [];
  for (let left = 2; left > 0; ) {
    for (const cursor of await consumer.poll(10)) {
      while (cursor.next()) {
        counts.push(numberSerde.deserialize('', cursor.valueBytes, cursor.valueStart, cursor.valueEnd));
        left--;
      }
    }
  }
  expect(counts).toEqual([1, 2]);
  await consumer.close();
  await log.close();
});
