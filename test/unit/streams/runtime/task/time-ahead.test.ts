import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  jsonSerde,
  numberSerde,
  StreamsBuilder,
  stringSerde,
  TimeWindows,
  type Topology,
} from '../../../../../streams/index.js';
import { EmbeddedLog } from '../../../../../streams/log/embedded/embedded-log.js';
import type { StreamThread } from '../../../../../streams/runtime/stream-thread.js';
import { deserializationHandler } from '../../../../../streams/topology/exception-handlers.js';
import { type Clock, clockAt, pass, startThread } from '../manual-thread.js';

const DAY = 86_400_000;
const NOW = 1_800_000_000_000;
const OLD = 1_700_000_000_000;

let log: EmbeddedLog;
let clock: Clock;
let threads: StreamThread[];

beforeEach(async () => {
  log = await EmbeddedLog.inMemory();
  clock = clockAt(NOW);
  threads = [];
  for (const topic of ['in', 'other', 'out', 'late', 'dlq']) await log.ensureTopic(topic, { partitions: 1 });
});

afterEach(async () => {
  for (const thread of threads) await thread.close({ commit: true });
  await log.close();
});

/** Counts the minutes of `time`, a field of the value. */
function perMinute(topics: string[]): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream<string, { time: number }>(topics, {
      key: stringSerde,
      value: jsonSerde(),
      timestamp: (value) => value?.time ?? -1,
    })
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeAndGrace('1m', '5s'))
    .count({ name: 'counts' })
    .toStream()
    .map(({ key, window }, count): [string, number] => [`${key}@${window.start}`, count])
    .to('out', { key: stringSerde, value: numberSerde });
  return builder.build();
}

async function start(deadLetterTopic?: string, topics = ['in']): Promise<StreamThread> {
  const thread = await startThread(perMinute(topics), log, clock, {
    maxTimeAheadMs: DAY,
    lateTopic: 'late',
    deadLetterTopic,
    deserializationExceptionHandler: deserializationHandler(deadLetterTopic),
  });
  threads.push(thread);
  return thread;
}

async function append(times: readonly number[], topic = 'in'): Promise<void> {
  for (const time of times) {
    const transaction = log.transaction();
    transaction.append(topic, 0, NOW, Buffer.from('k'), Buffer.from(JSON.stringify({ time })));
    await transaction.commit();
  }
}

async function ends(): Promise<{ late: number; dead: number }> {
  const end = (topic: string) => log.endOffset({ topic, partition: 0 });
  return { late: await end('late'), dead: await end('dlq') };
}

function minutes(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i * 60_000);
}

describe('a record whose time is far ahead', () => {
  it('of the wall clock is a dead letter at once, and makes nothing late', async () => {
    const thread = await start('dlq');
    await append([NOW]);
    await pass(400, clock, [thread]);
    await append([Date.UTC(2100, 0, 1)]);
    await pass(400, clock, [thread]);
    await append(minutes(NOW, 20));
    await thread.runToEnd();
    expect(await ends()).toEqual({ late: 0, dead: 1 });
    expect(thread.metrics.counted['counts']).toBe(21);
  });

  const places = [
    ['first', 0, 1],
    ['in the middle', 10, 1],
    ['several in a row', 10, 3],
    ['before the last', 19, 1],
  ] as const;
  it.each(places)('of those around it, in old records, is a dead letter: %s', async (_where, index, count) => {
    const times = minutes(OLD, 20);
    times.splice(index, 0, ...minutes(OLD + 366 * DAY, count));
    await append(times);
    const thread = await start('dlq');
    await thread.runToEnd();
    expect(await ends()).toEqual({ late: 0, dead: count });
    expect(thread.metrics.counted['counts']).toBe(20);
    expect(await thread.lag()).toBe(0);
  });

  it('is skipped and counted where there is no dead-letter topic', async () => {
    await append([OLD, OLD + 366 * DAY, ...minutes(OLD, 19)]);
    const thread = await start();
    await thread.runToEnd();
    expect(await ends()).toEqual({ late: 0, dead: 0 });
    expect(thread.metrics).toMatchObject({ recordsSkipped: 1, counted: { counts: 20 }, recordsConsumed: 21 });
  });

  it('is believed when those that follow agree: time has passed', async () => {
    await append([...minutes(OLD, 20), ...minutes(OLD + 30 * DAY, 20), ...minutes(OLD + 400 * DAY, 2)]);
    const thread = await start('dlq');
    await thread.runToEnd();
    expect(await ends()).toEqual({ late: 0, dead: 0 });
    expect(thread.metrics.counted['counts']).toBe(42);
  });

  it('is believed when it is the last, and waits for no other', async () => {
    await append([OLD]);
    const thread = await start('dlq');
    await pass(400, clock, [thread]);
    await append([OLD + 30 * DAY]);
    await pass(400, clock, [thread]);
    expect(thread.metrics.counted['counts']).toBe(2);
    expect(await thread.lag()).toBe(0);
  });

  it('is still ahead after a restart', async () => {
    await append(minutes(OLD, 5));
    const first = await start('dlq');
    await first.runToEnd();
    await threads.pop()?.close({ commit: true });
    await append([OLD + 366 * DAY, ...minutes(OLD + 300_000, 10)]);
    const second = await start('dlq');
    await second.runToEnd();
    expect(await ends()).toEqual({ late: 0, dead: 1 });
  });

  it('does not hold up a task that reads another topic, nor is it held up by it', async () => {
    const times = minutes(OLD, 40);
    times.splice(20, 0, OLD + 366 * DAY);
    await append(times);
    await append(minutes(OLD, 40), 'other');
    const thread = await start('dlq', ['in', 'other']);
    await thread.runToEnd();
    expect(await ends()).toEqual({ late: 0, dead: 1 });
    expect(thread.metrics.counted['counts']).toBe(80);
  });

  it('is one that cannot be decoded, when it is that', async () => {
    await append([OLD, OLD + 366 * DAY]);
    const transaction = log.transaction();
    transaction.append('in', 0, NOW, null, Buffer.from('no JSON'));
    await transaction.commit();
    await append(minutes(OLD, 19));
    const thread = await start('dlq');
    await thread.runToEnd();
    expect(await ends()).toEqual({ late: 0, dead: 2 });
  });
});
