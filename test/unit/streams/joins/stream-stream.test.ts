import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JoinWindows, StreamsBuilder, stringSerde } from '../../../../streams/index.js';
import { JoinStore } from '../../../../streams/state/joins/join-store.js';
import { StateDatabase } from '../../../../streams/state/state-database.js';
import { piped, STRINGS, type Step, stepByStep } from './piped.js';

const MODES = ['auto', 'topic'] as const;
type Kind = 'join' | 'leftJoin' | 'outerJoin';

function joined(kind: Kind, windows: JoinWindows, changesKey = false): StreamsBuilder {
  const builder = new StreamsBuilder();
  const left = builder.stream('left', STRINGS);
  const source = builder.stream('right', STRINGS);
  const right = changesKey ? source.selectKey((key) => key) : source;
  const joiner = (a: string | null, b: string | null) => `${a}${b}`;
  const options = { ...STRINGS, name: 'both' };
  const results =
    kind === 'outerJoin'
      ? left.outerJoin(right, joiner, windows, options)
      : kind === 'leftJoin'
        ? left.leftJoin(right, joiner, windows, options)
        : left.join(right, joiner, windows, options);
  results.to('out', STRINGS);
  return builder;
}

describe.each(MODES)('a stream-stream join, repartition %s', (repartition) => {
  it('inner: both bounds count, before and after, and duplicates do; the result has the later time', async () => {
    const windows = JoinWindows.ofTimeDifferenceAndGrace(10, 100).before(5);
    const steps: (Step | 'restart')[] = [
      ['left', 'a', 'l', 100],
      ['right', 'a', 'p', 94],
      ['right', 'a', 'q', 95],
      ['right', 'a', 'r', 110],
      'restart',
      ['right', 'a', 's', 111],
      ['left', 'a', 'm', 100],
      ['left', 'b', 'n', 100],
      ['left', 'a', null, 100],
      ['left', null, 'o', 100],
    ];
    expect(await stepByStep(joined('join', windows, true), steps, { repartition })).toEqual([
      [],
      [],
      ['a=lq@100'],
      ['a=lr@110'],
      [],
      [],
      ['a=mq@100', 'a=mr@110'],
      [],
      [],
      [],
    ]);
  });

  it('left and outer: null is sent once, when time is past the window and the grace period, also after a restart', async () => {
    const windows = JoinWindows.ofTimeDifferenceAndGrace(10, 5);
    const steps: (Step | 'restart' | 'drain')[] = [
      ['left', 'a', 'l', 100],
      ['right', 'b', 'r', 101],
      ['left', 'c', 'm', 102],
      ['right', 'c', 's', 103],
      'restart',
      // 100 + 10 + 5 is not less than 115, but less than 116.
      ['right', 'x', 'x', 115],
      ['right', 'x', 'x', 117],
      ['left', null, 'n', 117],
      'drain',
    ];
    expect(await stepByStep(joined('outerJoin', windows), steps, { repartition })).toEqual([
      [],
      [],
      [],
      ['c=ms@103'],
      [],
      [],
      ['a=lnull@100', 'b=nullr@101'],
      ['null=nnull@117'],
      ['x=nullx@115', 'x=nullx@117'],
    ]);
    expect(
      (await piped(joined('leftJoin', windows, true), steps, { repartition })).filter((one) => one !== 'c=ms@103'),
    ).toEqual(['a=lnull@100', 'null=nnull@117']);
  });

  it('outer: null is sent by the window of the side that waits, whichever side moves time', async () => {
    const windows = JoinWindows.ofTimeDifferenceWithNoGrace(10).before(0);
    const steps: (Step | 'restart' | 'drain')[] = [
      ['right', 'a', 'r', 0],
      ['left', 'b', 'l', 1],
      ['right', 'c', 's', 2],
      ['left', 'd', 'm', 11],
      ['right', 'e', 't', 12],
    ];
    // A left record waits for right ones of the next 10 ms, a right one for left ones of its own time alone.
    expect(await stepByStep(joined('outerJoin', windows), steps, { repartition })).toEqual([
      [],
      ['a=nullr@0'],
      [],
      ['c=nulls@2'],
      ['b=lnull@1'],
    ]);
  });

  it('random records: what comes within the grace period is joined with all that it is near to, and else once with null', async () => {
    const record = fc.tuple(
      fc.constantFrom('left', 'right'),
      fc.constantFrom('a', 'b'),
      fc.integer({ min: 0, max: 20 }),
    );
    const given = fc.tuple(
      fc.array(record, { maxLength: 30 }),
      fc.integer({ min: 0, max: 30 }),
      fc.integer({ min: -3, max: 12 }),
      fc.integer({ min: 3, max: 12 }),
      fc.constantFrom('join', 'leftJoin', 'outerJoin'),
    );
    await fc.assert(
      fc.asyncProperty(given, async ([records, restart, before, after, kind]) => {
        // Time moves on by 5 a record, and each is up to 20 late.
        const all = records.map(([topic, key, late], at) => ({
          topic,
          key,
          value: `${topic[0]}${at};`,
          time: at * 5 + 20 - late,
        }));
        const windows = JoinWindows.ofTimeDifferenceAndGrace(12, 20).after(after).before(before);
        const steps: (Step | 'restart' | 'drain')[] = all.map(({ key, time, topic, value }) => [
          topic,
          key,
          value,
          time,
        ]);
        if (restart < steps.length) steps.splice(restart, 0, 'restart');
        steps.push('drain');
        const expected: string[] = [];
        const alone = new Set(all);
        for (const l of all.filter(({ topic }) => topic === 'left')) {
          for (const r of all.filter(({ topic }) => topic === 'right')) {
            if (l.key !== r.key || r.time < l.time - before || r.time > l.time + after) continue;
            expected.push(`${l.key}=${l.value}${r.value}@${Math.max(l.time, r.time)}`);
            alone.delete(l);
            alone.delete(r);
          }
        }
        const isLate = (output: string) => output.includes('null');
        const output = await piped(joined(kind, windows, true), steps, { repartition, partitions: 2 });
        expect(output.filter((one) => !isLate(one)).sort()).toEqual(expected.sort());
        const nulls = [...alone]
          .filter(({ topic }) => kind === 'outerJoin' || (kind === 'leftJoin' && topic === 'left'))
          .map(({ key, time, topic, value }) => `${key}=${topic === 'left' ? `${value}null` : `null${value}`}@${time}`);
        // One whose partner came after its window had passed, though within the grace period, may have both.
        const sent = output.filter(isLate);
        expect(new Set(sent).size).toBe(sent.length);
        expect(sent).toEqual(expect.arrayContaining(nulls));
        if (kind === 'join') expect(sent).toEqual([]);
      }),
      { numRuns: 12, seed: 11 },
    );
  });
});

it('what is kept is bounded by the retention, in memory and in the changelog, whatever the length of the run', async () => {
  const store = new JoinStore({ name: 's', keySerde: stringSerde, valueSerde: stringSerde, retentionMs: 100 });
  const database = await StateDatabase.inMemory();
  await store.open(database);
  let offset = 0;
  for (let time = 0; time < 5_000; time++) {
    store.put(store.identity(`k${time % 7}`), time, store.serialize('v'), false);
    store.advance(time - 10);
    if (time % 50 !== 49) continue;
    store.flush(() => offset++);
    await database.takeStaged().write({});
    store.committed(offset);
  }
  // 100 of retention, 10 that the watermark is behind, the records of a commit and a bucket.
  expect(store.entries).toBeLessThanOrEqual(100 + 10 + 50 + 2);
  expect(offset - store.changelogNeededFrom).toBeLessThanOrEqual(100 + 10 + 100 + 2);
  const reopened = new JoinStore({ name: 's', keySerde: stringSerde, valueSerde: stringSerde, retentionMs: 100 });
  await reopened.open(database);
  expect(reopened.entries).toBe(store.entries);
  await database.close();
});

describe('a stream-stream join is refused', () => {
  it('without windows, and with windows that end before they begin', () => {
    const builder = new StreamsBuilder();
    const [left, right] = [builder.stream('left', STRINGS), builder.stream('right', STRINGS)];
    expect(() => left.join(right as never, ((a: string) => a) as never)).toThrow(/pass JoinWindows/);
    expect(() => JoinWindows.ofTimeDifferenceWithNoGrace(10).before(-11)).toThrow(/ends before it begins/);
    expect(() => JoinWindows.ofTimeDifferenceAndGrace(-1, 0)).toThrow(/time difference/);
  });
});
