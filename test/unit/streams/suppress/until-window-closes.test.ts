import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BufferConfig,
  type EmitStrategy,
  type KTable,
  SessionWindows,
  StreamsBuilder,
  Suppressed,
  stringSerde,
  TimeWindows,
  type Windowed,
} from '../../../../streams/index.js';
import { piped, STRINGS, type Step, stepByStep } from '../joins/piped.js';

const FINAL = Suppressed.untilWindowCloses(BufferConfig.unbounded());

type Windows = TimeWindows | SessionWindows;

type Texts = KTable<Windowed<string>, string, never, 'key'>;

/** What records of a key and window are, in the order in which they came. */
function texts(builder: StreamsBuilder, windows: Windows, emit: EmitStrategy): Texts {
  const grouped = builder.stream('in', { ...STRINGS, nulls: 'skip' }).groupBy((key) => key, STRINGS);
  const add = {
    initializer: () => '',
    add: (_key: string, value: string, all: string) => `${all}${value}`,
    merge: (left: string, right: string) => `${left}${right}`,
  };
  const materialized = { name: 'texts', value: stringSerde };
  // Sessions are deleted, of which no test reads the table as it is.
  return windows instanceof SessionWindows
    ? (grouped.windowedBy(windows).emitStrategy(emit).aggregate(add, materialized) as unknown as Texts)
    : (grouped.windowedBy(windows).emitStrategy(emit).aggregate(add, materialized) as unknown as Texts);
}

function written(table: Texts, builder: StreamsBuilder): StreamsBuilder {
  table
    .toStream()
    .selectKey(({ key, window: { end, start } }) => `${key} ${start}-${end}`)
    .to('out', STRINGS);
  return builder;
}

function finals(windows: Windows): StreamsBuilder {
  const builder = new StreamsBuilder();
  return written(texts(builder, windows, 'onUpdate').suppress(FINAL, { name: 'final' }), builder);
}

describe('a suppress until windows close', () => {
  it('sends each window once, by its end and then its key, when the watermark has passed its end and the grace period', async () => {
    const steps: (Step | 'restart' | 'drain')[] = [
      ['in', 'b', '1', 3],
      ['in', 'a', '2', 4],
      ['in', 'a', '3', 12],
      'restart',
      // 10 + 5 is not yet.
      ['in', 'a', '4', 14],
      ['in', 'b', '5', 9],
      ['in', 'c', '6', 15],
      // Late: its window is closed.
      ['in', 'b', '7', 9],
      'drain',
    ];
    expect(await stepByStep(finals(TimeWindows.ofSizeAndGrace(10, 5)), steps)).toEqual([
      [],
      [],
      [],
      [],
      [],
      [],
      ['a 0-10=2@4', 'b 0-10=15@9'],
      [],
      ['a 10-20=34@14', 'c 10-20=6@15'],
    ]);
  });

  it('sends a session once, and not at the very end of its gap, at which a record still joins it', async () => {
    const steps: (Step | 'drain')[] = [
      ['in', 'a', '1', 10],
      ['in', 'b', '2', 25],
      // 10 + gap 10 + grace 5 is 25, and the session is open until 25 is past.
      ['in', 'a', '3', 12],
      ['in', 'b', '4', 28],
      'drain',
    ];
    const windows = SessionWindows.ofInactivityGapAndGrace(10, 5);
    expect(await stepByStep(finals(windows), steps)).toEqual([[], [], [], ['a 10-12=13@12'], ['b 25-28=24@28']]);
  });

  it('holds nothing back for windows whose rows are gone', async () => {
    const builder = new StreamsBuilder();
    const windows = TimeWindows.ofSizeAndGrace(10, 0);
    const longTexts = texts(builder, windows, 'onUpdate').filter((_key, text) => text.length === 1);
    const bounded = Suppressed.untilWindowCloses(BufferConfig.maxRecords(1).shutDownWhenFull());
    written(longTexts.suppress(bounded, { name: 'final' }) as Texts, builder);
    const steps: Step[] = [
      ['in', 'a', '1', 1],
      ['in', 'a', '2', 2],
      ['in', 'b', '3', 3],
      ['in', 'c', '4', 20],
    ];
    expect(await piped(builder, steps)).toEqual(['b 0-10=3@3']);
  });

  it('of random records, with restarts, sends what onWindowClose does', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.tuple(fc.constantFrom('a', 'b', 'ab'), fc.integer({ min: -15, max: 25 })) },
      { weight: 1, arbitrary: fc.constant('restart' as const) },
    );
    const windows = fc.oneof(
      fc
        .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 15 }), fc.integer({ min: 1, max: 12 }))
        .map(([size, grace, advance]) => TimeWindows.ofSizeAndGrace(size, grace).advanceBy(Math.min(size, advance))),
      fc
        .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 15 }))
        .map(([gap, grace]) => SessionWindows.ofInactivityGapAndGrace(gap, grace)),
    );
    const repartition = fc.constantFrom('auto' as const, 'topic' as const);
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 25 }),
        windows,
        repartition,
        async (given, of, repartition) => {
          let time = 20;
          const steps = given.map((one, at): Step | 'restart' => {
            if (one === 'restart') return one;
            time = Math.max(time, time + one[1]);
            return ['in', one[0], String.fromCharCode(97 + at), Math.max(0, time + Math.min(0, one[1]))];
          });
          const all = [...steps, 'drain' as const];
          const closing = new StreamsBuilder();
          written(texts(closing, of, 'onWindowClose'), closing);
          const expected = await stepByStep(closing, all, { repartition });
          expect(await stepByStep(finals(of), all, { repartition })).toEqual(expected);
        },
      ),
      { numRuns: 12, seed: 5 },
    );
  });
});
