import { describe, expect, it } from 'vitest';
import { numberSerde, StreamsBuilder, stringSerde, TimeWindows } from '../../../../streams/index.js';
import { TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';
import { piped, STRINGS, type Step } from './piped.js';

const MODES = ['auto', 'topic'] as const;

describe.each(MODES)('a stream-table join, repartition %s', (repartition) => {
  const steps: readonly (Step | 'restart')[] = [
    ['orders', 'a', 'o1', 10],
    ['customers', 'a', 'Ada', 20],
    ['orders', 'a', 'o2', 5],
    ['orders', 'b', 'o3', 30],
    ['orders', 'a', null, 31],
    ['orders', null, 'o4', 32],
    'restart',
    ['customers', 'a', 'Ann', 15],
    ['orders', 'a', 'o5', 40],
    ['customers', 'a', null, 41],
    ['orders', 'a', 'o6', 42],
  ];

  it('inner: a record with a row makes a result with its own time; tables and records without a row make none', async () => {
    const builder = new StreamsBuilder();
    const customers = builder.table('customers', STRINGS, { name: 'customers' });
    builder
      .stream('orders', STRINGS)
      .join(customers, (order, customer) => `${order}/${customer}`)
      .to('out', STRINGS);
    expect(await piped(builder, steps, { repartition })).toEqual(['a=o2/Ada@5', 'a=o5/Ann@40']);
  });

  it('left: a record without a row, or without a key, is joined with null; one without a value with nothing', async () => {
    const builder = new StreamsBuilder();
    const customers = builder.table('customers', STRINGS);
    builder
      .stream('orders', STRINGS)
      .leftJoin(
        customers,
        (key: string | null, order: string, customer: string | null) => `${key}:${order}/${customer}`,
      )
      .to('out', STRINGS);
    expect(await piped(builder, steps, { repartition })).toEqual([
      'a=a:o1/null@10',
      'a=a:o2/Ada@5',
      'b=b:o3/null@30',
      'null=null:o4/null@32',
      'a=a:o5/Ann@40',
      'a=a:o6/null@42',
    ]);
  });

  it('a stream whose key was changed goes to the partition of its new key, and joins there', async () => {
    const builder = new StreamsBuilder();
    const customers = builder.table('customers', STRINGS);
    builder
      .stream('orders', { value: stringSerde })
      .filter((_key, order) => order !== null)
      .selectKey((_key, order) => (order === 'nobody' ? null : String(order).slice(0, 1)))
      .leftJoin(customers, (order, customer) => `${order}/${customer}`, { name: 'with-customer' })
      .to('out', STRINGS);
    const given: Step[] = [
      ...['a', 'b', 'c', 'd', 'e'].map((key): Step => ['customers', key, key.toUpperCase(), 1]),
      ...['a1', 'b1', 'c1', 'd1', 'e1', 'f1', 'nobody'].map((value, i): Step => ['orders', `k${i}`, value, 10 + i]),
    ];
    // The stream's topic has 2 partitions, the table's 3: so does the repartition topic.
    const output = await piped(builder, given, { repartition, partitions: { orders: 2, customers: 3 } });
    expect(output.sort()).toEqual(
      ['a=a1/A@10', 'b=b1/B@11', 'c=c1/C@12', 'd=d1/D@13', 'e=e1/E@14', 'f=f1/null@15', 'null=nobody/null@16'].sort(),
    );
  });

  it('the table may be an aggregate, filtered and mapped', async () => {
    const builder = new StreamsBuilder();
    const totals = builder
      .stream('customers', { ...STRINGS, nulls: 'skip' })
      .groupByKey()
      .count({ name: 'totals' })
      .filter((_key, count) => count > 1)
      .mapValues((count) => `n${count}`);
    builder
      .stream('orders', STRINGS)
      .leftJoin(totals, (order, total) => `${order}/${total}`)
      .to('out', STRINGS);
    const given: Step[] = [
      ['customers', 'a', 'x', 1],
      ['orders', 'a', 'o1', 2],
      ['customers', 'a', 'x', 3],
      ['orders', 'a', 'o2', 4],
    ];
    expect(await piped(builder, given, { repartition })).toEqual(['a=o1/null@2', 'a=o2/n2@4']);
  });

  it('a joiner that throws is for the exception handler, and costs its record alone', async () => {
    const builder = new StreamsBuilder();
    const customers = builder.table('customers', STRINGS);
    builder
      .stream('orders', STRINGS)
      .join(customers, (order, customer) => {
        if (order === 'bad') throw new Error('bad order');
        return order + customer;
      })
      .to('out', STRINGS);
    const given: Step[] = [
      ['customers', 'a', '!', 1],
      ['orders', 'a', 'bad', 2],
      ['orders', 'a', 'good', 3],
    ];
    expect(await piped(builder, given, { repartition, processingExceptionHandler: () => 'continue' })).toEqual([
      'a=good!@3',
    ]);
  });
});

it('records of both topics that wait in the log are joined in the order of their times', async () => {
  const builder = new StreamsBuilder();
  const rates = builder.table('rates', STRINGS);
  builder
    .stream('orders', STRINGS)
    .leftJoin(rates, (order, rate) => `${order}/${rate}`)
    .to('out', STRINGS);
  const driver = await TopologyTestDriver.create(builder.build());
  const orders = driver.pipeInputs('orders', stringSerde, stringSerde, [
    { key: 'a', value: 'o1', timestamp: 10 },
    { key: 'a', value: 'o2', timestamp: 30 },
  ]);
  const changes = driver.pipeInputs('rates', stringSerde, stringSerde, [
    { key: 'a', value: 'r1', timestamp: 5 },
    { key: 'a', value: 'r2', timestamp: 20 },
  ]);
  await Promise.all([orders, changes]);
  const output = await driver.readOutput('out', stringSerde, stringSerde);
  expect(output.map(({ value }) => value)).toEqual(['o1/r1', 'o2/r2']);
  await driver.close();
});

describe('a stream-table join is refused', () => {
  it('when the topics have other numbers of partitions, by their names', async () => {
    const builder = new StreamsBuilder();
    const customers = builder.table('customers', STRINGS);
    builder
      .stream('orders', STRINGS)
      .join(customers, (order) => order, { name: 'priced' })
      .to('out', STRINGS);
    const started = TopologyTestDriver.create(builder.build(), { partitions: { orders: 2, customers: 3 } });
    await expect(started).rejects.toThrow(/"orders" \(2\).*"customers" \(3\)|"customers" \(3\).*"orders" \(2\)/);
    await expect(started).rejects.toThrow(/"priced"/);
  });

  it('with a table of another builder, or of windows', () => {
    const stream = new StreamsBuilder().stream('orders', STRINGS);
    const other = new StreamsBuilder().table('customers', STRINGS);
    expect(() => stream.join(other, (order) => order)).toThrow(/of another builder/);
    const builder = new StreamsBuilder();
    const windows = builder
      .stream('in', { ...STRINGS, nulls: 'skip' })
      .groupByKey()
      .windowedBy(TimeWindows.ofSizeWithNoGrace(10));
    const keyed = builder.stream('x', STRINGS).map((key, value) => [{ key } as never, value]);
    expect(() => keyed.join(windows.count() as never, (value: never) => value)).toThrow(/table of windows/);
  });

  it('when the key has changed and the value has no serde', () => {
    const builder = new StreamsBuilder();
    const customers = builder.table('customers', STRINGS);
    const lengths = builder.stream('orders', { ...STRINGS, nulls: 'skip' }).map((_key, value) => [value, value.length]);
    expect(() => lengths.join(customers, (length) => length)).toThrow(/needs a serde for the value; pass/);
    lengths.join(customers, (length) => length, { value: numberSerde });
  });

  it('when the table is made of the very stream, by way of a repartition', async () => {
    const builder = new StreamsBuilder();
    const orders = builder.stream('orders', { ...STRINGS, nulls: 'skip' });
    const counts = orders.groupBy((_key, value) => value, { key: stringSerde }).count();
    orders.join(counts, (order) => order).to('out', STRINGS);
    const started = TopologyTestDriver.create(builder.build());
    await expect(started).rejects.toThrow(/write them to a topic, and read that one/);
  });
});
