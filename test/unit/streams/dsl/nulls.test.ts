import { describe, expect, it } from 'vitest';
import { numberSerde, StreamsBuilder, stringSerde, TimeWindows } from '../../../../streams/index.js';
import { TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';
import { drive, type Given } from './drive.js';

const STRINGS = { key: stringSerde, value: stringSerde };
const RECORDS: readonly Given[] = [
  ['a', 'one', 1],
  ['a', null, 2],
  [null, 'two', 3],
  [null, null, 4],
  ['b', 'three', 5],
];

describe('records without a key or a value', () => {
  it('are given to operators as nulls, unless the source says otherwise', async () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', STRINGS)
      .map((key, value) => [`key ${key}`, `value ${value}`])
      .to('out', STRINGS);
    expect(await drive(builder, RECORDS, { valueSerde: stringSerde })).toEqual([
      'key a=value one@1',
      'key a=value null@2',
      'key null=value two@3',
      'key null=value null@4',
      'key b=value three@5',
    ]);
  });

  it('are dead letters with the reason, where the source refuses them', async () => {
    const builder = new StreamsBuilder();
    builder.stream('in', { ...STRINGS, nulls: 'refuse' }).to('out');
    const driver = await TopologyTestDriver.create(builder.build(), { deadLetterTopic: 'dead' });
    for (const [key, value, timestamp] of RECORDS) {
      await driver.pipeInput('in', stringSerde, stringSerde, { key, value, timestamp });
    }
    const passed = await driver.readOutput('out', stringSerde, stringSerde);
    const dead = await driver.readOutput('dead', stringSerde, stringSerde);
    const { deadLetters, recordsConsumed } = driver.metrics;
    await driver.close();
    expect(passed.map(({ value }) => value)).toEqual(['one', 'three']);
    expect(
      dead.map(({ headers, key, value }) => [
        key,
        value,
        headers.find((header) => header.key === 'reason')?.value?.toString(),
      ]),
    ).toEqual([
      ['a', null, 'it has no value'],
      [null, 'two', 'it has no key'],
      [null, null, 'it has no value'],
    ]);
    expect({ deadLetters, recordsConsumed }).toEqual({ deadLetters: 3, recordsConsumed: 5 });
  });

  it('are counted where the source skips them', async () => {
    const builder = new StreamsBuilder();
    builder.stream('in', { ...STRINGS, nulls: 'skip' }).to('out');
    const driver = await TopologyTestDriver.create(builder.build());
    for (const [key, value, timestamp] of RECORDS) {
      await driver.pipeInput('in', stringSerde, stringSerde, { key, value, timestamp });
    }
    const passed = await driver.readOutput('out', stringSerde, stringSerde);
    const { recordsSkipped } = driver.metrics;
    await driver.close();
    expect(passed.map(({ value }) => value)).toEqual(['one', 'three']);
    expect(recordsSkipped).toBe(3);
  });

  it('that are not kept make no other record late', async () => {
    const counted = async (nulls: 'refuse' | 'skip') => {
      const builder = new StreamsBuilder();
      builder
        .stream('in', { ...STRINGS, nulls })
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
        .count({ name: 'counts' })
        .toStream()
        .map(({ key, window }, count) => [`${key}@${window.start}`, count])
        .to('out', { key: stringSerde, value: numberSerde });
      const records: Given[] = [
        ['a', 'x', 1],
        ['a', null, 1_000_000],
        ['a', 'x', 2],
      ];
      return drive(builder, records, { deadLetterTopic: 'dead' });
    };
    expect(await counted('refuse')).toEqual(['a@0=1@1', 'a@0=2@2']);
    expect(await counted('skip')).toEqual(['a@0=1@1', 'a@0=2@2']);
  });

  it('are no matter for a source that reads no keys', async () => {
    const builder = new StreamsBuilder();
    builder.stream('in', { value: stringSerde, nulls: 'refuse' }).to('out');
    const output = await drive(builder, [[null, 'two', 3]], { valueSerde: stringSerde });
    expect(output).toEqual(['null=two@3']);
  });
});
