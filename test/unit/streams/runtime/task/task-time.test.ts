import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numberSerde, StreamsBuilder, stringSerde, TimeWindows, type Topology } from '../../../../../streams/index.js';
import { EmbeddedLog } from '../../../../../streams/log/embedded/embedded-log.js';
import type { StreamThread } from '../../../../../streams/runtime/stream-thread.js';
import type { WindowStore } from '../../../../../streams/state/windows/window-store.js';
import { TopologyTestDriver } from '../../../../../streams/testing/topology-test-driver.js';
import { memberLog } from '../group-log.js';
import { type Clock, clockAt, pass, startThread } from '../manual-thread.js';

const STRINGS = { key: stringSerde, value: stringSerde };
const START = 1_700_000_000_000;

/** Counts by value and second; with `a` and `b`, of two topics in one task. */
function perSecond(grace: number, ...topics: string[]): Topology {
  const builder = new StreamsBuilder();
  const stream = builder.stream(topics.length === 0 ? 'in' : topics, STRINGS);
  (topics.length > 0 ? stream.groupByKey() : stream.groupBy((_key, value) => value, { key: stringSerde }))
    .windowedBy(TimeWindows.ofSizeAndGrace('1s', grace))
    .emitStrategy('onWindowClose')
    .count({ name: 'counts' })
    .toStream()
    .map(({ key, window }, count): [string, number] => [`${key}@${window.start - START}`, count])
    .to('out', { key: stringSerde, value: numberSerde });
  return builder.build();
}

let log: EmbeddedLog;
let clock: Clock;

beforeEach(async () => {
  log = await EmbeddedLog.inMemory();
  clock = clockAt(START);
  for (const topic of ['in', 'a', 'b', 'out', 'late'])
    await log.ensureTopic(topic, { partitions: topic === 'in' ? 3 : 1 });
});

afterEach(() => log.close());

async function append(topic: string, partition: number, ...timestamps: readonly number[]): Promise<void> {
  const transaction = log.transaction();
  for (const time of timestamps) transaction.append(topic, partition, START + time, Buffer.from('k'), Buffer.from('v'));
  await transaction.commit();
}

async function sent(): Promise<string[]> {
  const consumer = log.consumer();
  consumer.assign({ topic: 'out', partition: 0 }, 0);
  const found: string[] = [];
  for (;;) {
    const [cursor] = await consumer.poll(0);
    if (cursor === undefined) return found;
    while (cursor.next()) {
      const key = stringSerde.deserialize('out', cursor.keyBytes, cursor.keyStart, cursor.keyEnd);
      const value = numberSerde.deserialize('out', cursor.valueBytes, cursor.valueStart, cursor.valueEnd);
      found.push(`${key}=${value}`);
    }
  }
}

function liveSlices(thread: StreamThread): number {
  const stores = thread.store('counts').map(({ store }) => store as WindowStore<string, number>);
  return Math.max(...stores.map((store) => store.key('v').partials.length));
}

describe.each(['auto', 'topic'] as const)('partition times and watermarks, repartition %s', (repartition) => {
  it('a partition that never had a record holds back no window, and state stays as large as its windows', async () => {
    const thread = await startThread(perSecond(5000), log, clock, { repartition });
    await append('in', 1, 0);
    await pass(2000, clock, [thread]);
    for (let second = 0; second < 300; second++) {
      await append('in', 0, second * 1000);
      await append('in', 1, second * 1000 + 500);
      await pass(200, clock, [thread]);
      expect(liveSlices(thread)).toBeLessThan(15);
    }
    expect((await sent()).length).toBeGreaterThan(285);
    await thread.close({ commit: true });
  });

  it('a partition that never had a record is not waited for where the others have records at the start', async () => {
    for (const partition of [0, 1]) await append('in', partition, ...Array.from({ length: 300 }, (_, i) => i * 1000));
    const thread = await startThread(perSecond(5000), log, clock, { repartition });
    await pass(800, clock, [thread]);
    expect((await sent()).length).toBeGreaterThan(285);
    expect(liveSlices(thread)).toBeLessThan(15);
    await thread.close({ commit: true });
  });

  it('a partition that fell silent holds back windows for as far as is configured, and no further', async () => {
    const time = { idleMs: Number.POSITIVE_INFINITY, endSilenceMs: 1000, maxHoldBackMs: 20_000 };
    const thread = await startThread(perSecond(0), log, clock, { repartition, time });
    for (const partition of [0, 1, 2]) await append('in', partition, 500);
    for (let second = 1; second <= 120; second++) {
      for (const partition of [0, 1]) await append('in', partition, second * 1000);
      await pass(200, clock, [thread]);
      expect(liveSlices(thread)).toBeLessThan(25);
      if (second === 19) expect(await sent()).toEqual([]);
    }
    expect((await sent()).length).toBeGreaterThan(100);
    await thread.close({ commit: true });
  });

  it('with the input complete, a partition whose records are all old is waited for, however far the others are', async () => {
    await append('in', 0, ...Array.from({ length: 500 }, (_, i) => i * 1000));
    await append('in', 1, 100, 400_100);
    await append('in', 2, 200);
    const thread = await startThread(perSecond(0), log, clock, { repartition, lateTopic: 'late' });
    await thread.runToEnd();
    await pass(3000, clock, [thread]);
    await thread.drain();
    expect(await sent()).toEqual(Array.from({ length: 500 }, (_, i) => `v@${i * 1000}=${{ 0: 3, 400: 2 }[i] ?? 1}`));
    expect(thread.metrics.lateRecords).toBe(0);
    await thread.close({ commit: true });
  });

  it('idle closes windows where other partitions have never had a record', async () => {
    const time = { idleMs: 2000, endSilenceMs: 1000, maxHoldBackMs: Number.POSITIVE_INFINITY };
    const thread = await startThread(perSecond(0), log, clock, { repartition, time });
    await append('in', 2, 0, 100);
    await pass(1800, clock, [thread]);
    expect(await sent()).toEqual([]);
    await pass(2000, clock, [thread]);
    expect(await sent()).toEqual(['v@0=2']);
    await thread.close({ commit: true });
  });

  it('what comes for windows that closed while its partition was silent needs the grace period that it is told to need', async () => {
    const run = async (grace: number) => {
      const each = await EmbeddedLog.inMemory();
      log = each;
      clock = clockAt(START);
      for (const topic of ['in', 'out', 'late']) await log.ensureTopic(topic, { partitions: topic === 'in' ? 3 : 1 });
      const time = { idleMs: 2000, endSilenceMs: 1000, maxHoldBackMs: 60_000 };
      const thread = await startThread(perSecond(grace), log, clock, { repartition, time, lateTopic: 'late' });
      for (const partition of [0, 1, 2]) await append('in', partition, 0);
      for (let second = 1; second < 10; second++) {
        for (const partition of [0, 1]) await append('in', partition, second * 1000);
        await pass(1000, clock, [thread]);
      }
      await append('in', 2, 100, 2500, 9100);
      await pass(5000, clock, [thread]);
      const { late, lateRecords } = thread.metrics;
      const needed = late['counts']?.graceNeededMs ?? 0;
      await thread.close({ commit: true });
      return { lateRecords, needed, told: await log.endOffset({ topic: 'late', partition: 0 }) };
    };
    const first = await run(0);
    expect(first.lateRecords).toBe(2);
    expect(first.told).toBe(2);
    expect(await run(first.needed)).toEqual({ lateRecords: 0, needed: 0, told: 0 });
    expect((await run(first.needed - 1)).lateRecords).toBe(1);
  });

  it('a wall clock that is set back stops neither commits nor the idle time', async () => {
    const time = { idleMs: 2000, endSilenceMs: 1000, maxHoldBackMs: 60_000 };
    const thread = await startThread(perSecond(0), log, clock, { repartition, time });
    for (const partition of [0, 1, 2]) await append('in', partition, 0);
    await pass(200, clock, [thread]);
    const { commits } = thread.metrics;
    clock.wallMs -= 3_600_000;
    await append('in', 0, 100);
    await pass(600, clock, [thread]);
    expect(thread.metrics.commits).toBeGreaterThan(commits);
    await pass(4000, clock, [thread]);
    expect(await sent()).toEqual(['v@0=4']);
    await thread.close({ commit: true });
  });
});

describe('two processes', () => {
  const start = async () => [
    await startThread(perSecond(0), memberLog(log, 0, 2), clock, { lateTopic: 'late' }),
    await startThread(perSecond(0), memberLog(log, 1, 2), clock, { lateTopic: 'late' }),
  ];
  const twoMinutes = Array.from({ length: 120 }, (_, second) => second * 1000);

  it.each(['that never had a record', 'that had come to its end'])(
    'wait for a partition %s, and has records that its process has not read yet',
    async (which) => {
      const threads = await start();
      if (which === 'that had come to its end') for (const partition of [0, 1, 2]) await append('in', partition, 0);
      await pass(5000, clock, threads);
      const transaction = log.transaction();
      for (const partition of [0, 1])
        for (const time of twoMinutes)
          transaction.append('in', partition, START + time, Buffer.from('k'), Buffer.from('v'));
      await transaction.commit();
      // The other one stands still: frozen, gone, or not yet there.
      await pass(20_000, clock, threads.slice(0, 1));
      expect(await sent()).toEqual([]);
      await pass(5000, clock, threads);
      expect(threads.map(({ metrics }) => metrics.lateRecords)).toEqual([0, 0]);
      const found = await sent();
      expect(found.length).toBeGreaterThan(which === 'that never had a record' ? 115 : 55);
      expect(found.slice(1, 50)).toEqual(Array.from({ length: 49 }, (_, i) => `v@${(i + 1) * 1000}=2`));
      for (const thread of threads) await thread.close({ commit: true });
    },
  );

  it('wait for a partition without records only until its end is known, and write nothing while all is silent', async () => {
    const threads = await start();
    await pass(5000, clock, threads);
    await append('in', 0, ...twoMinutes);
    await pass(3000, clock, threads);
    expect((await sent()).length).toBeGreaterThan(115);
    await pass(5000, clock, threads);
    const ends = async () =>
      Promise.all([...(await log.topics())].map((topic) => log.endOffset({ topic, partition: 0 })));
    const before = await ends();
    await pass(60_000, clock, threads);
    expect(await ends()).toEqual(before);
    for (const thread of threads) await thread.close({ commit: true });
  });
});

describe('topics that one task reads', () => {
  it.each(['both there', 'the later one first'])('are late each by its own time: %s', async (order) => {
    await append('b', 0, 100_000);
    if (order === 'both there') await append('a', 0, 1, 1001);
    let thread = await startThread(perSecond(0, 'a', 'b'), log, clock);
    await pass(400, clock, [thread]);
    await thread.close({ commit: true });
    if (order !== 'both there') await append('a', 0, 1, 1001);
    thread = await startThread(perSecond(0, 'a', 'b'), log, clock);
    await pass(400, clock, [thread]);
    await thread.drain();
    expect(await sent()).toEqual(['k@0=1', 'k@1000=1', 'k@100000=1']);
    expect(thread.metrics.lateRecords).toBe(0);
    await thread.close({ commit: true });
  });
});

describe('what a punctuator forwards too late', () => {
  it.each(['auto', 'topic'] as const)('is counted, and blamed on no other record: %s', async (repartition) => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', STRINGS)
      .process<string, string>(() => {
        let forward: (record: { key: string; value: string; timestamp: number }) => void;
        return {
          init: (context) => {
            forward = (record) => context.forward(record);
            context.schedule(10, 'wall-clock-time', () => forward({ key: 'tick', value: 'late', timestamp: 1 }));
          },
          process: ({ timestamp }) => forward({ key: 'k', value: 'v', timestamp }),
        };
      })
      .groupByKey({ key: stringSerde })
      .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
      .count({ name: 'counts' })
      .toStream()
      .map(({ key, window }, count): [string, number] => [`${key}@${window.start}`, count])
      .to('out', { key: stringSerde, value: numberSerde });
    const driver = await TopologyTestDriver.create(builder.build(), { lateTopic: 'late', repartition });
    const put = (timestamp: number) =>
      driver.pipeInput('in', stringSerde, stringSerde, { key: 'a', value: 'x', timestamp });
    await put(100);
    await driver.advanceWallClockTime(10);
    await put(101);
    const counts = await driver.readOutput('out', stringSerde, numberSerde);
    expect(counts.map(({ key, value }) => `${key}=${value}`)).toEqual(['k@100=1', 'k@100=2']);
    expect(await driver.readOutput('late', stringSerde, stringSerde)).toEqual([]);
    expect(driver.metrics).toMatchObject({ lateRecords: 1, counted: { counts: 2 }, late: { counts: { dropped: 1 } } });
    await driver.close();
  });
});
