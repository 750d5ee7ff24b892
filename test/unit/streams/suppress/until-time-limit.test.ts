import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferConfig, StreamsBuilder, Suppressed, stringSerde } from '../../../../streams/index.js';
import { TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';
import { piped, STRINGS, type Step, stepByStep } from '../joins/piped.js';

const UNBOUNDED = BufferConfig.unbounded();

function limited(limitMs: number, buffer: BufferConfig = UNBOUNDED): StreamsBuilder {
  const builder = new StreamsBuilder();
  builder
    .table('in', STRINGS, { name: 'rows' })
    .suppress(Suppressed.untilTimeLimit(limitMs, buffer), { name: 'calm' })
    .toStream()
    .to('out', STRINGS);
  return builder;
}

describe('a suppress until a time limit', () => {
  it('sends the last change of a row so long after its first, deletions too, also after a restart', async () => {
    const steps: (Step | 'restart' | 'drain')[] = [
      ['in', 'b', '1', 10],
      ['in', 'a', '2', 10],
      ['in', 'b', '3', 14],
      'restart',
      ['in', 'a', null, 12],
      ['in', 'c', '4', 15],
      ['in', 'b', '5', 16],
      // What comes late is due at once.
      ['in', 'd', '6', 11],
      'drain',
    ];
    expect(await stepByStep(limited(5), steps)).toEqual([
      [],
      [],
      [],
      [],
      [],
      ['a=null@12', 'b=3@14'],
      [],
      ['d=6@11'],
      ['c=4@15', 'b=5@16'],
    ]);
  });

  it('sends what is due first when it would hold back more than its buffer takes', async () => {
    const steps: Step[] = [
      ['in', 'c', '1', 3],
      ['in', 'b', '2', 3],
      ['in', 'c', '3', 4],
      ['in', 'a', '4', 5],
      ['in', 'd', '5', 1],
    ];
    expect(await stepByStep(limited(100, BufferConfig.maxRecords(2)), steps)).toEqual([
      [],
      [],
      [],
      ['b=2@3'],
      ['d=5@1'],
    ]);
    // A key, a value and no headers take 20 bytes of a buffer.
    expect(await piped(limited(100, BufferConfig.maxBytes(40)), steps)).toEqual(['b=2@3', 'd=5@1']);
    expect(await piped(limited(0), steps)).toEqual(['c=1@3', 'b=2@3', 'c=3@4', 'a=4@5', 'd=5@1']);
  });

  it('stops the application when its buffer is full and is to shut down', async () => {
    const full = BufferConfig.unbounded().withMaxRecords(1);
    const driver = await TopologyTestDriver.create(limited(100, full).build(), {
      processingExceptionHandler: () => 'continue',
    });
    const input = driver.createInputTopic('in', STRINGS);
    await input.pipeInput('a', '1', 1);
    await expect(input.pipeInput('b', '2', 2)).rejects.toMatchObject({
      code: 'BUFFER_FULL',
      message: expect.stringContaining('"calm" holds back 2 rows of 40 bytes, and may hold 1 rows'),
    });
  });

  it('is due by records that a filter before it drops, and sends headers of the last change', async () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', STRINGS)
      .filter((_key, value) => value !== 'dropped')
      .toTable({ name: 'rows' })
      .suppress(Suppressed.untilTimeLimit(5, UNBOUNDED), { name: 'calm' })
      .toStream()
      .to('out', STRINGS);
    const driver = await TopologyTestDriver.create(builder.build());
    const headers = (text: string) => [{ key: 'h', value: Buffer.from(text) }];
    for (const record of [
      { key: 'a', value: '1', timestamp: 1, headers: headers('first') },
      { key: 'a', value: '2', timestamp: 2, headers: headers('second') },
      { key: 'b', value: 'dropped', timestamp: 9, headers: headers('third') },
    ]) {
      await driver.pipeInput('in', stringSerde, stringSerde, record);
    }
    await driver.restart();
    expect(await driver.readOutput('out', stringSerde, stringSerde)).toEqual([
      { key: 'a', value: '2', timestamp: 2, headers: headers('second') },
    ]);
    await driver.close();
  });

  it('of random changes sends what a plain buffer does, with any limits, restarts and commits of many records', async () => {
    const change = fc.tuple(
      fc.constantFrom('a', 'b', 'c', 'ab', 'é'),
      fc.option(fc.constantFrom('x', 'y'), { freq: 4 }),
      fc.nat(40),
    );
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.array(change, { minLength: 1, maxLength: 5 }) },
      { weight: 1, arbitrary: fc.constant('restart' as const) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 12 }),
        fc.nat(15),
        fc.constantFrom(1, 2, 3, Number.POSITIVE_INFINITY),
        async (steps, limitMs, most) => {
          const buffer = Number.isFinite(most) ? BufferConfig.maxRecords(most) : UNBOUNDED;
          const driver = await TopologyTestDriver.create(limited(limitMs, buffer).build());
          for (const one of steps) {
            if (one === 'restart') await driver.restart();
            else {
              const records = one.map(([key, value, timestamp]) => ({ key, value, timestamp }));
              await driver.pipeInputs('in', stringSerde, stringSerde, records);
            }
          }
          const output = await driver.readOutput('out', stringSerde, stringSerde);
          await driver.close();
          const changes = steps.flatMap((one) => (one === 'restart' ? [] : one));
          expect(output.map(({ key, timestamp, value }) => `${key}=${value}@${timestamp}`)).toEqual(
            plainly(changes, limitMs, most),
          );
        },
      ),
      { numRuns: 25, seed: 3 },
    );
  });
});

/** A list that is sorted anew each time. */
function plainly(
  changes: readonly (readonly [key: string, value: string | null, time: number])[],
  limitMs: number,
  most: number,
): string[] {
  const sent: string[] = [];
  let held: { key: string; value: string | null; first: number; time: number }[] = [];
  let highest = 0;
  for (const [key, value, time] of changes) {
    highest = Math.max(highest, time);
    const before = held.find((one) => one.key === key);
    held = held.filter((one) => one !== before);
    held.push({ key, value, first: before?.first ?? time, time });
    held.sort((a, b) => a.first - b.first || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
    while (held[0] !== undefined && (held[0].first <= highest - limitMs || held.length > most)) {
      const [next] = held.splice(0, 1);
      sent.push(`${next?.key}=${next?.value}@${next?.time}`);
    }
  }
  return sent;
}
