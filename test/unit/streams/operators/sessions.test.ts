import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type EmitStrategy,
  numberSerde,
  SessionWindows,
  StreamsBuilder,
  stringSerde,
  type Topology,
} from '../../../../streams/index.js';
import {
  TopologyTestDriver,
  type TopologyTestDriverOptions,
} from '../../../../streams/testing/topology-test-driver.js';

interface Row {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

interface Piped {
  readonly key: string | null;
  readonly timestamp: number;
}

type Step = { readonly pipe: readonly Piped[] } | { readonly restart: true };

const NO_CLOSE = Number.MAX_SAFE_INTEGER;

/** The rules of session windows, record by record; a text shows what was merged, and in which order. */
class PlainSessions {
  open: Row[] = [];
  readonly closed: Row[] = [];
  late = 0;
  #time = -1;
  readonly #gap: number;
  readonly #grace: number;

  constructor(gap: number, grace: number) {
    this.#gap = gap;
    this.#grace = grace;
  }

  add({ key, timestamp: t }: Piped, letter: string): void {
    this.#time = Math.max(this.#time, t);
    const closeTime = this.#time - this.#grace - this.#gap;
    this.#close(closeTime);
    if (key === null) return;
    const merged = this.open.filter((row) => row.key === key && row.end >= t - this.#gap && row.start <= t + this.#gap);
    const start = Math.min(t, ...merged.map((row) => row.start));
    const end = Math.max(t, ...merged.map((row) => row.end));
    if (end < closeTime) {
      this.late++;
      return;
    }
    merged.sort((a, b) => a.end - b.end);
    this.open = this.open.filter((row) => !merged.includes(row));
    this.open.push({ key, start, end, text: `${merged.map(({ text }) => `<${text}>`).join('')}${letter}` });
  }

  #close(before: number): void {
    const closing = this.open.filter(({ end }) => end < before).sort(inClosingOrder);
    this.open = this.open.filter((row) => !closing.includes(row));
    this.closed.push(...closing);
  }

  finish(): void {
    this.#close(NO_CLOSE);
  }
}

function inClosingOrder(a: Row, b: Row): number {
  return a.end - b.end || a.start - b.start || (a.key < b.key ? -1 : 1);
}

function topology(windows: SessionWindows, emit: EmitStrategy, rekeys: boolean): Topology {
  const builder = new StreamsBuilder();
  const strings = { key: stringSerde, value: stringSerde };
  const stream = builder.stream('in', strings);
  const grouped = rekeys ? stream.groupBy((key) => key, strings) : stream.groupByKey();
  grouped
    .windowedBy(windows)
    .emitStrategy(emit)
    .aggregate(
      {
        initializer: () => '',
        add: (_key, value, aggregate) => `${aggregate}${value}`,
        merge: (left, right) => `${left}<${right}>`,
      },
      { name: 'sessions', value: stringSerde },
    )
    .toStream()
    .map(({ key, window: { end, start } }, text) => [JSON.stringify({ key, start, end }), text])
    .to('out', strings);
  return builder.build();
}

const letter = (index: number) => String.fromCharCode(97 + (index % 26));

async function run(built: Topology, steps: readonly Step[], options: TopologyTestDriverOptions) {
  const driver = await TopologyTestDriver.create(built, options);
  try {
    let index = 0;
    for (const step of steps) {
      if ('restart' in step) await driver.restart();
      else {
        const records = step.pipe.map((piped) => ({ ...piped, value: letter(index++) }));
        await driver.pipeInputs('in', stringSerde, stringSerde, records);
      }
    }
    const { late } = driver.metrics;
    await driver.drain();
    const output = await driver.readOutput('out', stringSerde, stringSerde);
    return {
      late: late['sessions']?.dropped ?? 0,
      rows: output.map(({ key, timestamp, value }) => {
        const row = JSON.parse(key ?? '') as Omit<Row, 'text'>;
        expect(timestamp).toBe(row.end);
        return { ...row, text: value };
      }),
    };
  } finally {
    await driver.close();
  }
}

const piped = (span: number) =>
  fc.record({
    key: fc.constantFrom('a', 'b', 'ä', null),
    timestamp: fc.integer({ min: 0, max: span }),
  });

const steps = (span: number) =>
  fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ pipe: fc.array(piped(span), { minLength: 1, maxLength: 6 }) }) },
      { weight: 1, arbitrary: fc.constant({ restart: true } as const) },
    ),
    { minLength: 1, maxLength: 14 },
  );

const windows = fc.record({ gap: fc.integer({ min: 1, max: 12 }), grace: fc.integer({ min: 0, max: 20 }) });

it('sessions of one partition are those of the rules, with late records, restarts and commits of many records', async () => {
  await fc.assert(
    fc.asyncProperty(windows, steps(80), fc.boolean(), async ({ gap, grace }, all, rekeys) => {
      const plain = new PlainSessions(gap, grace);
      const records = all.flatMap((step) => ('pipe' in step ? step.pipe : []));
      for (const [index, record] of records.entries()) plain.add(record, letter(index));
      plain.finish();
      const session = SessionWindows.ofInactivityGapAndGrace(gap, grace);
      const repartition = rekeys ? 'topic' : 'auto';
      const hasRestart = all.some((step) => 'restart' in step);

      const closed = await run(topology(session, 'onWindowClose', rekeys), all, { repartition });
      expect(closed.rows).toEqual(plain.closed);
      // Metrics are those since the last restart.
      if (!hasRestart) expect(closed.late).toBe(plain.late);

      // The last that was told of each row; rows that were deleted are gone.
      const updated = await run(topology(session, 'onUpdate', rekeys), all, { repartition });
      const table = new Map<string, Row>();
      for (const { text, ...row } of updated.rows) {
        if (text === null) expect(table.delete(JSON.stringify(row))).toBe(true);
        else table.set(JSON.stringify(row), { ...row, text });
      }
      expect([...table.values()].sort(inClosingOrder)).toEqual([...plain.closed].sort(inClosingOrder));
    }),
    { numRuns: 15 },
  );
});

it('within the grace period sessions do not depend on partitions, commits or the way of a repartition', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      steps(80),
      fc.constantFrom('auto' as const, 'topic' as const),
      async (gap, all, repartition) => {
        const builder = new StreamsBuilder();
        builder
          .stream('in', { key: stringSerde, value: stringSerde })
          .groupBy((key) => key, { key: stringSerde })
          .windowedBy(SessionWindows.ofInactivityGapAndGrace(gap, 80))
          .emitStrategy('onWindowClose')
          .count({ name: 'sessions' })
          .toStream()
          .map(({ key, window: { end, start } }, count) => [`${key} ${start} ${end}`, count])
          .to('out', { key: stringSerde, value: numberSerde });
        const driver = await TopologyTestDriver.create(builder.build(), { repartition, partitions: { in: 3 } });
        const records: Piped[] = [];
        for (const [index, step] of all.entries()) {
          if ('restart' in step) await driver.restart();
          else {
            records.push(...step.pipe);
            const spread = step.pipe.map((record, i) => ({ ...record, value: '', partition: (index + i) % 3 }));
            await driver.pipeInputs('in', stringSerde, stringSerde, spread);
          }
        }
        await driver.drain();
        const output = await driver.readOutput('out', stringSerde, numberSerde);
        await driver.close();
        const told = output.map(({ key, value }) => `${key}: ${value}`).sort();
        expect(told).toEqual(clusters(records, gap).sort());
      },
    ),
    { numRuns: 15 },
  );
});

/** All records of a key in the order of time, cut where there is more than the gap between two. */
function clusters(records: readonly Piped[], gap: number): string[] {
  return ['a', 'b', 'ä'].flatMap((key) => {
    const times = records.filter((record) => record.key === key).map(({ timestamp }) => timestamp);
    times.sort((a, b) => a - b);
    const found: { start: number; end: number; count: number }[] = [];
    for (const time of times) {
      const last = found.at(-1);
      if (last !== undefined && time - last.end <= gap) {
        last.end = time;
        last.count++;
      } else found.push({ start: time, end: time, count: 1 });
    }
    return found.map(({ count, end, start }) => `${key} ${start} ${end}: ${count}`);
  });
}
