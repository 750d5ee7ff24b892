import { expect, it } from 'vitest';
import {
  keyValueStore,
  numberSerde,
  type Processor,
  type ProcessorContext,
  Streams,
  StreamsBuilder,
  stringSerde,
  TopologyError,
} from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';

const STRINGS = { key: stringSerde, value: stringSerde };
const COUNTS = keyValueStore({ name: 'counts', keySerde: stringSerde, valueSerde: numberSerde });

/** Counts records, and forwards what it has whenever a punctuation is due. */
function counting(type: 'stream-time' | 'wall-clock-time', calls: number[]) {
  return (): Processor<string, string, string, number> => {
    let context: ProcessorContext<string, number>;
    return {
      init: (given) => {
        context = given;
        const store = context.stateStore(COUNTS);
        context.schedule(10, type, async (timestamp) => {
          calls.push(timestamp);
          for await (const [key, value] of store.all()) context.forward({ key, value, timestamp });
        });
      },
      process: ({ key }) => {
        const store = context.stateStore(COUNTS);
        store.put(key, (store.get(key) ?? 0) + 1);
      },
    };
  };
}

async function driverFor(type: 'stream-time' | 'wall-clock-time', calls: number[]): Promise<TopologyTestDriver> {
  const builder = new StreamsBuilder();
  builder
    .stream('in', { ...STRINGS, nulls: 'skip' })
    .process(counting(type, calls), { stores: [COUNTS] })
    .to('out', { key: stringSerde, value: numberSerde });
  return TopologyTestDriver.create(builder.build());
}

it('a stream-time punctuator runs with the first record and then as stream time passes its interval', async () => {
  const calls: number[] = [];
  const driver = await driverFor('stream-time', calls);
  for (const timestamp of [5, 7, 12, 35]) {
    await driver.pipeInput('in', stringSerde, stringSerde, { key: 'b', value: '', timestamp });
  }
  expect(calls).toEqual([5, 12, 35]);
  const output = await driver.readOutput('out', stringSerde, numberSerde);
  expect(output.map(({ value }) => value)).toEqual([1, 3, 4]);
  await driver.close();
});

it('a wall-clock punctuator runs as the clock passes its interval', async () => {
  const calls: number[] = [];
  const driver = await driverFor('wall-clock-time', calls);
  await driver.pipeInput('in', stringSerde, stringSerde, { key: 'b', value: '', timestamp: 99 });
  expect(calls).toEqual([]);
  await driver.advanceWallClockTime(10);
  await driver.advanceWallClockTime(5);
  await driver.advanceWallClockTime(25);
  expect(calls).toEqual([10, 40]);
  await driver.close();
});

it('a store is read with its uncommitted writes, in the order of its keys', async () => {
  const driver = await driverFor('wall-clock-time', []);
  for (const key of ['b', 'a', 'b'])
    await driver.pipeInput('in', stringSerde, stringSerde, { key, value: '', timestamp: 1 });
  const store = driver.keyValueStore<string, number>('counts');
  store.put('aa', 7);
  store.delete('b');
  const entries: [string, number][] = [];
  for await (const entry of store.all()) entries.push(entry);
  expect(entries).toEqual([
    ['a', 1],
    ['aa', 7],
  ]);
  await driver.close();
});

it('a punctuation that a commit makes due runs before the next record', async () => {
  const builder = new StreamsBuilder();
  builder
    .stream('in', STRINGS)
    .groupBy((_key, value) => value, STRINGS)
    .count({ name: 'totals' })
    .toStream()
    .process<string, number>(() => {
      let context: ProcessorContext<string, number>;
      return {
        init: (given) => {
          context = given;
          given.schedule(10, 'stream-time', (timestamp) => given.forward({ key: 'tick', value: timestamp, timestamp }));
        },
        process: ({ key, value, timestamp }) => context.forward({ key, value, timestamp }),
      };
    })
    .to('out', { key: stringSerde, value: numberSerde });
  const driver = await TopologyTestDriver.create(builder.build());
  // The task behind the repartition has the time of the one before it, as of its commit.
  await driver.pipeInput('in', stringSerde, stringSerde, { key: 'k', value: 'a', timestamp: 12 });
  const output = await driver.readOutput('out', stringSerde, numberSerde);
  expect(output.map(({ key, value }) => `${key}=${value}`)).toEqual(['a=1', 'tick=12']);
  await driver.close();
});

it('a processor reaches only the stores that it names', async () => {
  const builder = new StreamsBuilder();
  builder.stream('in', STRINGS).process(() => ({
    init: (context) => {
      context.stateStore(COUNTS);
    },
    process: () => {},
  }));
  await expect(TopologyTestDriver.create(builder.build())).rejects.toThrow(TopologyError);
});

it('a task with two inputs takes the older record first, however they were fetched', async () => {
  const builder = new StreamsBuilder();
  const left = builder.stream('left', STRINGS);
  left.merge(builder.stream('right', STRINGS)).to('out');
  const log = await EmbeddedLog.inMemory();
  for (const topic of ['left', 'right', 'out']) await log.ensureTopic(topic, { partitions: 1 });
  // `left` comes in one batch, `right` in a batch a record.
  const batches = [
    ['left', [1, 4, 5, 8]],
    ['right', [2]],
    ['right', [3]],
    ['right', [6]],
    ['right', [7]],
  ] as const;
  for (const [topic, timestamps] of batches) {
    const transaction = log.transaction();
    for (const timestamp of timestamps) transaction.append(topic, 0, timestamp, null, Buffer.from(topic));
    await transaction.commit();
  }
  const streams = new Streams(builder.build(), { applicationId: 'merge', log });
  await streams.start();
  await streams.drain();
  await streams.close();
  const consumer = log.consumer();
  consumer.assign({ topic: 'out', partition: 0 }, 0);
  const timestamps: number[] = [];
  for (const cursor of await consumer.poll(0)) while (cursor.next()) timestamps.push(cursor.timestamp);
  expect(timestamps).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  await log.close();
});

it('a record that cannot be decoded goes to the dead letters with the reason, and the next is processed', async () => {
  const builder = new StreamsBuilder();
  builder.stream('in', { key: stringSerde, value: numberSerde }).to('out');
  const driver = await TopologyTestDriver.create(builder.build(), { deadLetterTopic: 'dead' });
  await driver.pipeBytes('in', Buffer.from('k'), Buffer.from('no'), 1);
  await driver.pipeInput('in', stringSerde, numberSerde, { key: 'k', value: 4, timestamp: 2 });
  const [letter] = await driver.readOutput('dead', stringSerde, stringSerde);
  expect(letter).toMatchObject({ key: 'k', value: 'no' });
  expect(letter?.headers.map(({ key, value }) => `${key}: ${value}`)).toEqual([
    'reason: a number takes 8 bytes, not 2',
    'source: in',
    'partition: 0',
    'offset: 0',
  ]);
  expect(await driver.readOutput('out', stringSerde, numberSerde)).toHaveLength(1);
  await driver.close();
});
