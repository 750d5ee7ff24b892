import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberSerde, StreamsBuilder, stringSerde, TimeWindows, type Topology } from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import type { Log } from '../../../../streams/log/log.js';
import type { StreamThread } from '../../../../streams/runtime/stream-thread.js';
import { memberLog } from './group-log.js';
import { clockAt, pass, startThread } from './manual-thread.js';

const PARTITIONS = 3;
const START = 1_700_000_000_000;

/** Counts by value and window, and, a hop further, how often counts changed by the value's first letter. */
function topology(windows: TimeWindows, seen: { results: number }): Topology {
  const builder = new StreamsBuilder();
  const counts = builder
    .stream('in', { key: stringSerde, value: stringSerde })
    .groupBy((_key, value) => value, { key: stringSerde })
    .windowedBy(windows)
    .count({ name: 'first' })
    .toStream()
    .map(({ key, window }, count): [string, number] => [`${key}@${window.start}`, count]);
  counts.to('out', { key: stringSerde, value: numberSerde });
  counts
    .filter(() => {
      seen.results++;
      return true;
    })
    .groupBy((key) => (key as string).slice(0, 1), { key: stringSerde, value: numberSerde })
    .windowedBy(TimeWindows.ofSizeAndGrace('2s', '1s'))
    .count({ name: 'second' })
    .toStream()
    .map(({ key, window }, count): [string, number] => [`${key}@${window.start}`, count])
    .to('second', { key: stringSerde, value: numberSerde });
  return builder.build();
}

interface Run {
  readonly mode: 'auto' | 'topic' | 'two processes';
  readonly idleMs: number;
  readonly commitIntervalMs: number;
  readonly windows: TimeWindows;
}

type Step =
  | { readonly append: number; readonly count: number; readonly delayMs: number; readonly spanMs: number }
  | { readonly pass: number }
  | { readonly restart: true };

/** Runs the steps by a clock of its own until all is quiet, and answers what became of the records. */
async function run({ commitIntervalMs, idleMs, mode, windows }: Run, steps: readonly Step[]) {
  const clock = clockAt(START);
  const log = await EmbeddedLog.inMemory();
  for (const [topic, partitions] of [
    ['in', PARTITIONS],
    ['out', 1],
    ['second', 1],
    ['late', 1],
    ['dlq', 1],
  ] as const) {
    await log.ensureTopic(topic, { partitions });
  }
  const logs: Log[] = mode === 'two processes' ? [memberLog(log, 0, 2), memberLog(log, 1, 2)] : [log];
  const seen = { results: 0 };
  const start = () =>
    Promise.all(
      logs.map((one) => {
        return startThread(topology(windows, seen), one, clock, {
          commitIntervalMs,
          time: { idleMs, endSilenceMs: 1000, maxHoldBackMs: 5000 },
          repartition: mode === 'topic' ? 'topic' : 'auto',
          deadLetterTopic: 'dlq',
          lateTopic: 'late',
        });
      }),
    );
  const total = { counted: [0, 0], dropped: [0, 0], skipped: 0, late: 0 };
  const stop = async (threads: readonly StreamThread[]) => {
    for (const thread of threads) {
      await thread.close({ commit: true });
      const { metrics } = thread;
      for (const [i, node] of ['first', 'second'].entries()) {
        total.counted[i] = (total.counted[i] ?? 0) + (metrics.counted[node] ?? 0);
        total.dropped[i] = (total.dropped[i] ?? 0) + (metrics.late[node]?.dropped ?? 0);
      }
      total.skipped += metrics.recordsSkipped;
    }
  };
  let threads = await start();
  let fed = 0;
  for (const step of [...steps, { pass: 20_000 }]) {
    if ('append' in step) {
      const transaction = log.transaction();
      for (let i = 0; i < step.count; i++) {
        const value = Buffer.from(`${'ab'[fed % 2]}${fed % 3}`);
        const delayMs = step.delayMs + (step.spanMs * (step.count - 1 - i)) / step.count;
        transaction.append('in', step.append, Math.floor(clock.wallMs - delayMs), null, value);
        fed++;
      }
      await transaction.commit();
    } else if ('pass' in step) {
      await pass(step.pass, clock, threads);
    } else {
      await stop(threads);
      threads = await start();
    }
  }
  await stop(threads);
  total.late = await log.endOffset({ topic: 'late', partition: 0 });
  const last = await latest(log, 'out');
  const sent = [...last.values()].reduce((sum, count) => sum + count, 0);
  await log.close();
  return { fed, sent, results: seen.results, ...total };
}

async function latest(log: EmbeddedLog, topic: string): Promise<Map<string, number>> {
  const last = new Map<string, number>();
  const consumer = log.consumer();
  consumer.assign({ topic, partition: 0 }, 0);
  for (;;) {
    const [cursor] = await consumer.poll(0);
    if (cursor === undefined) return last;
    while (cursor.next()) {
      const { keyBytes, keyEnd, keyStart, valueBytes, valueEnd, valueStart } = cursor;
      const key = stringSerde.deserialize(topic, keyBytes, keyStart, keyEnd);
      last.set(key, numberSerde.deserialize(topic, valueBytes, valueStart, valueEnd));
    }
  }
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        append: fc.nat(PARTITIONS - 1),
        count: fc.integer({ min: 1, max: 12 }),
        delayMs: fc.oneof(fc.constant(0), fc.nat(12_000)),
        spanMs: fc.nat(12_000),
      }),
    },
    { weight: 5, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 6000 }) }) },
    { weight: 1, arbitrary: fc.constant({ restart: true } as const) },
  ),
  { minLength: 5, maxLength: 40 },
);

describe.each(['auto', 'topic', 'two processes'] as const)('by %s', (mode) => {
  it('every record is counted or in the late topic, whichever partitions pause and for how long', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.constantFrom(1000, 3000, Number.POSITIVE_INFINITY),
        fc.constantFrom(100, 700),
        async (given, idleMs, commitIntervalMs) => {
          const windows = TimeWindows.ofSizeAndGrace('1s', '1s');
          const { counted, dropped, fed, late, results, sent, skipped } = await run(
            { mode, idleMs, commitIntervalMs, windows },
            given,
          );
          expect(skipped).toBe(0);
          expect({ counted: sent, late }).toEqual({ counted: fed - late, late: dropped[0] });
          expect(counted[0]).toBe(sent);
          // What is late for the second hop was made of records: it is counted, and has no copy.
          expect((counted[1] ?? 0) + (dropped[1] ?? 0)).toBe(results);
        },
      ),
      { numRuns: 30, seed: 11 },
    );
  }, 120_000);

  it('every record that misses a window only is counted in the others, and told once', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom(1000, Number.POSITIVE_INFINITY), async (given, idleMs) => {
        const windows = TimeWindows.ofSizeAndGrace('3s', '1s').advanceBy('1s');
        const { counted, dropped, fed, late, skipped } = await run(
          { mode, idleMs, commitIntervalMs: 100, windows },
          given,
        );
        expect(skipped).toBe(0);
        expect((counted[0] ?? 0) + (dropped[0] ?? 0)).toBe(fed);
        expect(late).toBeGreaterThanOrEqual(dropped[0] ?? 0);
        expect(late).toBeLessThanOrEqual(fed);
      }),
      { numRuns: 15, seed: 12 },
    );
  }, 120_000);
});
