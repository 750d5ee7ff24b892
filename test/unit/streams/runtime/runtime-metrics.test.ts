import { describe, expect, it, test } from 'vitest';
import { numberSerde, StreamsBuilder, stringSerde, TimeWindows, type Topology } from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { TimeLags } from '../../../../streams/runtime/time-lag.js';
import { clockAt, startThread } from './manual-thread.js';

const START = 1_700_000_000_000;
const PARTITIONS = 2;

/** Every kind of operator that hands on more or fewer records than it gets. */
function topology(): Topology {
  const builder = new StreamsBuilder();
  const lines = builder.stream('in', { key: stringSerde, value: stringSerde, nulls: 'skip', name: 'read' });
  const words = lines
    .filter((_key, line) => line !== 'dropped', { name: 'kept' })
    .flatMapValues((line) => line.split(' '), { name: 'words' });
  const { long, short } = words
    .split({ name: 'length' })
    .branch('long', (_key, word) => word.length > 2)
    .branch('short', (_key, word) => word.length > 1)
    .noDefaultBranch();
  long
    .merge(short, { name: 'both' })
    .selectKey((_key, word) => (word === 'null' ? (null as unknown as string) : word), { name: 'by-word' })
    .groupByKey({ key: stringSerde })
    .windowedBy(TimeWindows.ofSizeAndGrace('10s', '0s'))
    .count({ name: 'counts' })
    .toStream({ name: 'changes' })
    .map(({ key }, count): [string, number] => [key, count], { name: 'results' })
    .to('out', { key: stringSerde, value: numberSerde, name: 'write' });
  lines
    .process<string, string>(
      () => {
        let forward: ((key: string, value: string, timestamp: number) => void) | undefined;
        return {
          init: (context) => {
            forward = (key, value, timestamp) => context.forward({ key, value, timestamp });
          },
          process: ({ key, timestamp, value }) => {
            if (value === 'dropped') throw new Error('no');
            for (let i = 0; i < 3; i++) forward?.(key, value, timestamp);
          },
        };
      },
      { name: 'three' },
    )
    .to('three', { key: stringSerde, value: stringSerde, name: 'write-three' });
  return builder.build();
}

describe.each(['auto', 'topic'] as const)('by way of repartition %s', (repartition) => {
  it('each node has got and handed on as many records as a plain computation says', async () => {
    const clock = clockAt(START);
    const log = await EmbeddedLog.inMemory();
    for (const topic of ['in', 'out', 'three', 'dlq']) await log.ensureTopic(topic, { partitions: PARTITIONS });
    const thread = await startThread(topology(), log, clock, {
      ...{ repartition, deadLetterTopic: 'dlq', processingExceptionHandler: () => 'continue' },
    });
    const transaction = log.transaction();
    const append = (partition: number, time: number, value: string | null) =>
      transaction.append('in', partition, START + time, Buffer.from('k'), value === null ? null : Buffer.from(value));
    append(0, 0, 'one two at a');
    append(0, 1000, 'dropped');
    append(0, 1500, null);
    append(0, 30_000, 'three null');
    append(1, 0, 'one');
    append(1, 40_000, 'four four');
    append(1, 100, 'one at');
    await transaction.commit();
    await thread.runToEnd();

    const { commits, nodes } = await thread.runtimeMetrics();
    const total = (name: string) =>
      nodes
        .filter((node) => node.name === name)
        .map(({ late, records_in, records_out, skipped }) => [records_in, records_out, skipped, late])
        .reduce((one, other) => one.map((count, index) => count + (other[index] ?? 0)));
    // In, out, skipped, late.
    expect(total('read')).toEqual([7, 6, 1, 0]);
    expect(total('kept')).toEqual([6, 5, 0, 0]);
    // one two at a | three null | one | four four | one at: 11 words, of which "a" is of no branch.
    expect(total('words')).toEqual([5, 11, 0, 0]);
    expect(total('length')).toEqual([11, 10, 0, 0]);
    expect(total('length-long')).toEqual([8, 8, 0, 0]);
    expect(total('length-short')).toEqual([2, 2, 0, 0]);
    expect(total('both')).toEqual([10, 10, 0, 0]);
    expect(total('by-word')).toEqual([10, 10, 0, 0]);
    // What has no key is passed over; the two words of a line that came 39.9 s late are late.
    const isDirect = repartition === 'auto';
    expect(total('counts-repartition-sink').slice(0, 1)).toEqual([10]);
    expect(total('counts-repartition-sink')[2]).toBe(1);
    if (isDirect) {
      expect(total('counts-repartition-sink')[1]).toBe(9);
      expect(total('counts-repartition-source')).toEqual([9, 9, 0, 0]);
      expect(total('counts')[0]).toBe(9);
    }
    const late = nodes.filter(({ name }) => name === 'counts' || name === 'counts-repartition-sink');
    expect(late.reduce((sum, node) => sum + node.late, 0)).toBe(2);
    expect(total('write-three')).toEqual([15, 15, 0, 0]);
    expect(total('three')).toEqual([6, 15, 1, 0]);
    // As many results as are in the topic.
    let results = 0;
    for (let partition = 0; partition < PARTITIONS; partition++) {
      results += await log.endOffset({ topic: 'out', partition });
    }
    expect(total('counts')[1]).toBe(results);
    expect(total('write')).toEqual([results, results, 0, 0]);
    expect(commits.count).toBe(thread.metrics.commits);
    expect(commits.buckets.at(-1)).toEqual({ le: null, count: commits.count });
    await thread.close({ commit: true });
    await log.close();
  });
});

test('a partition is told with its end, position, lag and time, and which one holds the watermark back', async () => {
  const clock = clockAt(START);
  const log = await EmbeddedLog.inMemory();
  for (const topic of ['left', 'right', 'out']) await log.ensureTopic(topic, { partitions: 1 });
  const builder = new StreamsBuilder();
  const read = (topic: string) => builder.stream(topic, { key: stringSerde, value: stringSerde, nulls: 'skip' });
  read('left')
    .merge(read('right'))
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeAndGrace('10s', '0s'))
    .count({ name: 'counts' });
  const thread = await startThread(builder.build(), log, clock);
  const append = async (topic: string, time: number) => {
    const transaction = log.transaction();
    transaction.append(topic, 0, START + time, Buffer.from('k'), Buffer.from('v'));
    await transaction.commit();
  };
  await append('left', 60_000);
  await append('right', 0);
  await append('right', 20_000);
  await thread.runToEnd();
  clock.wallMs += 500;
  clock.monotonicMs += 500;
  await append('left', 70_000);

  const { partitions, stores, tasks } = await thread.runtimeMetrics();
  expect(partitions).toMatchObject([
    { topic: 'left', end_offset: 2, position: 1, committed_offset: 1, lag_records: 1, holds_back: false },
    { topic: 'right', end_offset: 2, position: 2, committed_offset: 2, lag_records: 0, holds_back: true },
  ]);
  expect(partitions.map(({ watermark }) => watermark)).toEqual([START + 60_000, START + 20_000]);
  expect(tasks).toMatchObject([{ task: '0_0', watermark: START + 20_000, stream_time: START + 60_000 }]);
  // The window of START + 60 s and that of START + 20 s; the first one is closed and gone.
  expect(stores).toEqual([
    { name: 'counts', task: '0_0', partitions: 1, type: 'window', entries: 2, bytes: null, uncommitted: 0 },
  ]);
  clock.wallMs += 2000;
  clock.monotonicMs += 2000;
  const later = await thread.runtimeMetrics();
  expect(later.partitions.map(({ lag_ms }) => lag_ms)).toEqual([2000, 0]);
  expect(later.partitions[1]?.idle_since).toBe(START);
  await thread.close({ commit: true });
  await log.close();
});

test('the lag in time is how long ago the end was where the reader is, between two looks by the share of the records', () => {
  const lags = new TimeLags();
  expect(lags.lagOf('p', 0, 0, 0)).toBe(0);
  expect(lags.lagOf('p', 1000, 0, 100)).toBe(1000);
  expect(lags.lagOf('p', 2000, 50, 300)).toBe(1500);
  expect(lags.lagOf('p', 3000, 200, 300)).toBe(1500);
  expect(lags.lagOf('p', 9000, 300, 300)).toBe(0);
  // Nothing came until 10 s: what is there now came since.
  expect(lags.lagOf('p', 10_000, 300, 300)).toBe(0);
  expect(lags.lagOf('p', 11_000, 300, 310)).toBe(1000);
});

test('the lag in time of what has stayed behind for hours is told from a bounded number of looks', () => {
  const lags = new TimeLags();
  for (let second = 0; second <= 10_000; second++) {
    const lag = lags.lagOf('p', second * 1000, Math.max(0, second - 3000), second);
    if (second > 3000) expect(Math.abs(lag - 3_000_000)).toBeLessThan(60_000);
  }
});
