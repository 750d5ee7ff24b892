import { expect, it } from 'vitest';
import {
  BufferConfig,
  describeTopology,
  StreamsBuilder,
  Suppressed,
  stringSerde,
  TimeWindows,
} from '../../../../streams/index.js';
import { StateDatabase } from '../../../../streams/state/state-database.js';
import { SuppressionBuffer } from '../../../../streams/state/suppress/suppression-buffer.js';
import { TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';
import { piped, STRINGS, type Step, stepByStep } from '../joins/piped.js';

const CALM = Suppressed.untilTimeLimit(10, BufferConfig.unbounded());

it('joins see the rows of a suppressed table as they were sent, of streams and of tables', async () => {
  const builder = new StreamsBuilder();
  const calm = builder.table('rows', STRINGS).suppress(CALM);
  builder
    .stream('in', STRINGS)
    .leftJoin(calm, (value, row) => `${value}:${row}`)
    .to('out', STRINGS);
  const others = builder.table('others', STRINGS);
  others
    .leftJoin(calm, (other, row) => `${other}:${row}`)
    .toStream()
    .to('out', STRINGS);
  const steps: (Step | 'restart')[] = [
    ['rows', 'a', '1', 1],
    ['in', 'a', 'x', 2],
    ['others', 'a', 'y', 3],
    // Sends the row, which joins the other; and what came last is held back again.
    ['rows', 'b', '-', 11],
    ['rows', 'a', '2', 12],
    'restart',
    ['in', 'a', 'z', 13],
    ['rows', 'b', '-', 22],
    ['in', 'a', 'z', 22],
  ];
  expect(await stepByStep(builder, steps)).toEqual([
    [],
    ['a=x:null@2'],
    ['a=y:null@3'],
    ['a=y:1@3'],
    [],
    [],
    ['a=z:1@13'],
    ['a=y:2@12'],
    ['a=z:2@22'],
  ]);
});

it('a group takes out what was sent of a row, not what was held back', async () => {
  const builder = new StreamsBuilder();
  builder
    .table('in', STRINGS)
    .suppress(CALM, { name: 'calm' })
    .groupBy((_key, value) => ['all', value], STRINGS)
    .aggregate(
      {
        initializer: () => '',
        add: (_key, value, all) => `${all}+${value}`,
        subtract: (_key, value, all) => `${all}-${value}`,
      },
      { name: 'all', value: stringSerde },
    )
    .toStream()
    .to('out', STRINGS);
  const steps: Step[] = [
    ['in', 'a', '1', 1],
    ['in', 'a', '2', 11],
    ['in', 'a', '3', 12],
    ['in', 'a', '4', 13],
    ['in', 'a', '5', 30],
  ];
  expect(await piped(builder, steps)).toEqual(['all=+2@11', 'all=+2-2+5@30']);
});

it('a suppress is named and described as in Kafka Streams', () => {
  const builder = new StreamsBuilder();
  const counts = builder
    .stream('in', STRINGS)
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
    .count({ name: 'counts' });
  counts.suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()));
  counts.suppress(Suppressed.untilTimeLimit(5, BufferConfig.unbounded()), { name: 'calm' });
  expect(describeTopology(builder.build()).split('\n').slice(2)).toEqual([
    '    Source: KSTREAM-SOURCE-0000000000 (topics: [in])',
    '      --> counts',
    '    Processor: counts (stores: [counts])',
    '      --> KTABLE-SUPPRESS-0000000001, calm',
    '      <-- KSTREAM-SOURCE-0000000000',
    '    Processor: KTABLE-SUPPRESS-0000000001 (stores: [KTABLE-SUPPRESS-STATE-STORE-0000000002])',
    '      --> none',
    '      <-- counts',
    '    Processor: calm (stores: [calm-store])',
    '      --> none',
    '      <-- counts',
    '',
  ]);
});

it('a suppress is refused without windows to wait for, of versions, without serdes, and as another store', async () => {
  const builder = new StreamsBuilder();
  const table = builder.table('in', STRINGS, { name: 'rows' });
  const versioned = builder.table('versions', STRINGS, { name: 'versions', versioned: '1h' });
  expect(() => table.suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()) as never)).toThrow(
    /waits for windows to close, and its table has none/,
  );
  expect(() => versioned.suppress(CALM)).toThrow(/a versioned table/);
  expect(() => table.mapValues((value) => value.length).suppress(CALM as never, {} as never)).toThrow(
    /needs serdes for them; pass \{ value: … \}/,
  );
  expect(() => Suppressed.untilWindowCloses(BufferConfig.maxRecords(1) as never)).toThrow(/cannot emit early/);
  expect(() => BufferConfig.maxBytes(-1)).toThrow(/must be a whole number of 0 or more, not -1/);
  expect(() => Suppressed.untilTimeLimit('1 parsec' as never, BufferConfig.unbounded())).toThrow(/time limit/);

  table.suppress(CALM, { name: 'calm' }).toStream().to('out');
  const driver = await TopologyTestDriver.create(builder.build());
  await driver.pipeInput('in', stringSerde, stringSerde, { key: 'a', value: '1', timestamp: 1 });
  const other = new StreamsBuilder();
  other.table('in', STRINGS, { name: 'calm-store' }).toStream().to('out');
  await expect(driver.restart(other.build())).rejects.toMatchObject({
    code: 'STATE_MISMATCH',
    message: expect.stringContaining('holds rows that a suppress holds back (keys: text, values: text)'),
  });
});

it('what is held back leaves nothing behind once it was sent, and a format of another version is refused', async () => {
  const options = { name: 's', keySerde: stringSerde, valueSerde: stringSerde };
  const buffer = new SuppressionBuffer(options);
  const database = await StateDatabase.inMemory();
  await buffer.open(database);
  const changelog = new Map<string, Buffer | null>();
  const flush = async () => {
    buffer.flush((key, value) => changelog.set(key.toString(), value));
    await database.takeStaged().write({});
  };
  const update = { time: 7, timestamp: 9, headers: [{ key: 'h', value: Buffer.from('v') }], value: 'new', old: 'old' };
  for (let key = 0; key < 500; key++) buffer.put(buffer.identity(`k${key}`), { ...update, time: key % 13 });
  await flush();
  for (let key = 0; key < 499; key++) if (buffer.first !== undefined) buffer.remove(buffer.first);
  // Has come and gone since.
  buffer.put(buffer.identity('x'), { ...update, time: 0 });
  if (buffer.first !== undefined) buffer.remove(buffer.first);
  await flush();
  // The last by time and text: 90 is 6 * 13 + 12.
  expect([...changelog].filter(([, value]) => value !== null).map(([key]) => key)).toEqual(['k90']);
  expect(changelog.size).toBe(500);

  const restored = new SuppressionBuffer(options);
  await restored.open(database);
  expect(restored.entries).toBe(1);
  expect(restored.sizeBytes).toBe(buffer.sizeBytes);
  const { old, ...kept } = { ...update, value: Buffer.from('new') };
  expect(restored.first).toMatchObject({ ...kept, time: 12, identity: 'k90', prior: Buffer.from(old) });
  await database.close();

  const later = new SuppressionBuffer(options);
  expect(() => later.restore(Buffer.from('k'), Buffer.from([2, 0]))).toThrow(/in format 2, .+ reads format 1/);
});
