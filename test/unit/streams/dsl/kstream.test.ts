import { describe, expect, it } from 'vitest';
import { type KStream, StreamsBuilder, stringSerde } from '../../../../streams/index.js';
import { drive, type Given } from './drive.js';

const STRINGS = { key: stringSerde, value: stringSerde };
const RECORDS: readonly Given[] = [
  ['a', 'one two', 1],
  ['b', 'three', 2],
  ['c', 'four five', 3],
];

/** Runs an operator over the records. */
function through(operator: (stream: KStream<string, string>) => KStream<string, string>): Promise<string[]> {
  const builder = new StreamsBuilder();
  operator(builder.stream('in', { ...STRINGS, nulls: 'skip' })).to('out', STRINGS);
  return drive(builder, RECORDS, { valueSerde: stringSerde });
}

describe('KStream', () => {
  it('filter keeps the records that match', async () => {
    expect(await through((stream) => stream.filter((key) => key !== 'b'))).toEqual(['a=one two@1', 'c=four five@3']);
  });

  it('filterNot keeps the records that do not match', async () => {
    expect(await through((stream) => stream.filterNot((_key, value) => value.includes(' ')))).toEqual(['b=three@2']);
  });

  it('map changes key and value and keeps the timestamp', async () => {
    const mapped = await through((stream) => stream.map((key, value) => [value, key]));
    expect(mapped).toEqual(['one two=a@1', 'three=b@2', 'four five=c@3']);
  });

  it('mapValues changes the value alone', async () => {
    const mapped = await through((stream) => stream.mapValues((value, key) => `${key}:${value.length}`));
    expect(mapped).toEqual(['a=a:7@1', 'b=b:5@2', 'c=c:9@3']);
  });

  it('flatMap makes any number of records of one', async () => {
    const mapped = await through((stream) =>
      stream.flatMap((key, value) =>
        key === 'b'
          ? []
          : [
              [value, '1'],
              [key, '2'],
            ],
      ),
    );
    expect(mapped).toEqual(['one two=1@1', 'a=2@1', 'four five=1@3', 'c=2@3']);
  });

  it('flatMapValues keeps the key', async () => {
    const mapped = await through((stream) => stream.flatMapValues((value) => value.split(' ')));
    expect(mapped).toEqual(['a=one@1', 'a=two@1', 'b=three@2', 'c=four@3', 'c=five@3']);
  });

  it('peek sees each record and passes it on', async () => {
    const seen: string[] = [];
    const passed = await through((stream) => stream.peek((key) => seen.push(key)));
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(passed).toHaveLength(3);
  });

  it('split sends a record to the first branch that takes it', async () => {
    const joined = await through((stream) => {
      const branches = stream
        .split()
        .branch('a', (key) => key === 'a')
        .branch('ab', (key) => key <= 'b')
        .defaultBranch('rest');
      const tag = (name: keyof typeof branches) => branches[name].mapValues((value) => `${name}!${value}`);
      return tag('a').merge(tag('ab')).merge(tag('rest'));
    });
    expect(joined).toEqual(['a=a!one two@1', 'b=ab!three@2', 'c=rest!four five@3']);
  });

  it('split without a default branch drops the rest', async () => {
    const left = await through(
      (stream) =>
        stream
          .split()
          .branch('b', (key) => key === 'b')
          .noDefaultBranch().b,
    );
    expect(left).toEqual(['b=three@2']);
  });

  it.each(['auto', 'topic'] as const)('repartition keeps keys, values and timestamps (%s)', async (repartition) => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', STRINGS)
      .selectKey((_key, value) => value)
      .repartition({ name: 'by-value', ...STRINGS })
      .to('out');
    const output = await drive(builder, [...RECORDS, ['x', null, 4]], { repartition, valueSerde: stringSerde });
    // A record whose new key is null belongs to no partition.
    expect(output).toEqual(['one two=one two@1', 'three=three@2', 'four five=four five@3']);
  });

  it('is fanned out to all of its users', async () => {
    const builder = new StreamsBuilder();
    const stream = builder.stream('in', STRINGS);
    for (const suffix of ['1', '2', '3', '4']) stream.mapValues((value) => value + suffix).to('out', STRINGS);
    expect(await drive(builder, [['k', 'v', 9]], { valueSerde: stringSerde })).toEqual([
      'k=v1@9',
      'k=v2@9',
      'k=v3@9',
      'k=v4@9',
    ]);
  });
});

describe('KTable', () => {
  it('filter of a table with a name deletes only what was there', async () => {
    const builder = new StreamsBuilder();
    builder
      .table('in', STRINGS, { name: 'rows' })
      .filter((_key, value) => value === 'shown')
      .toStream()
      .to('out', STRINGS);
    const records: Given[] = ['hidden', 'shown', 'hidden', null].map((value, i) => ['a', value, i]);
    expect(await drive(builder, records, { valueSerde: stringSerde })).toEqual(['a=shown@1', 'a=null@2']);
  });

  it('forwards changes, and null where a row is gone or filtered away', async () => {
    const builder = new StreamsBuilder();
    builder
      .table('in', STRINGS)
      .filter((_key, value) => value !== 'hidden')
      .mapValues((value) => value.toUpperCase())
      .toStream()
      .to('out', STRINGS);
    const output = await drive(
      builder,
      [
        ['a', 'x', 1],
        ['a', 'hidden', 2],
        ['a', null, 3],
        [null, 'no key', 4],
      ],
      { valueSerde: stringSerde },
    );
    expect(output).toEqual(['a=X@1', 'a=null@2', 'a=null@3']);
  });
});
