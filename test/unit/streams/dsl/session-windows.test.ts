import { describe, expect, it } from 'vitest';
import {
  ArgumentError,
  type EmitStrategy,
  jsonSerde,
  numberSerde,
  SessionWindows,
  StreamsBuilder,
  stringSerde,
} from '../../../../streams/index.js';
import { TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';
import { drive, type Given } from './drive.js';

const STRINGS = { key: stringSerde, value: stringSerde };
const MODES = ['auto', 'topic'] as const;

/** A gap of 10 ms and a grace period of 5: what ends before T - 15 is closed. */
const WINDOWS = SessionWindows.ofInactivityGapAndGrace(10, 5);

function counts(windows = WINDOWS, emit: EmitStrategy = 'onUpdate'): StreamsBuilder {
  const builder = new StreamsBuilder();
  builder
    .stream('in', STRINGS)
    .groupByKey()
    .windowedBy(windows)
    .emitStrategy(emit)
    .count({ name: 'counts' })
    .toStream()
    .map(({ key, window }, count) => [`${key}[${window.start},${window.end}]`, count])
    .to('out', { key: stringSerde, value: numberSerde });
  return builder;
}

function joined(): StreamsBuilder {
  const builder = new StreamsBuilder();
  builder
    .stream('in', STRINGS)
    .groupBy((key) => key, STRINGS)
    .windowedBy(WINDOWS)
    .aggregate(
      {
        initializer: () => '',
        add: (_key, value, aggregate) => (value === 'delete' ? null : `${aggregate}${value}`),
        merge: (left, right) => `${left}<${right}>`,
      },
      { name: 'joined', value: stringSerde },
    )
    .toStream()
    .map(({ key, window }, value) => [`${key}[${window.start},${window.end}]`, value])
    .to('out', STRINGS);
  return builder;
}

function at(...timestamps: readonly number[]): Given[] {
  return timestamps.map((timestamp) => ['k', 'a', timestamp]);
}

describe('session windows', () => {
  it('a record within the gap extends the session, whose row is deleted at its own end', async () => {
    expect(await drive(counts(), at(0, 10))).toEqual(['k[0,0]=1@0', 'k[0,0]=null@0', 'k[0,10]=2@10']);
  });

  it('a record beyond the gap starts another session', async () => {
    expect(await drive(counts(), at(0, 11))).toEqual(['k[0,0]=1@0', 'k[11,11]=1@11']);
  });

  it('a record between two sessions makes them one, and keys have sessions of their own', async () => {
    const records: Given[] = [...at(0, 5, 17), ['l', 'a', 17], ...at(10)];
    expect(await drive(counts(), records)).toEqual([
      'k[0,0]=1@0',
      'k[0,0]=null@0',
      'k[0,5]=2@5',
      'k[17,17]=1@17',
      'l[17,17]=1@17',
      'k[0,5]=null@5',
      'k[17,17]=null@17',
      'k[0,17]=4@17',
    ]);
  });

  it('a record inside of a session, or at the only time of one, changes its row and deletes none', async () => {
    expect(await drive(counts(), at(3, 3, 7, 5))).toEqual([
      'k[3,3]=1@3',
      'k[3,3]=2@3',
      'k[3,3]=null@3',
      'k[3,7]=3@7',
      'k[3,7]=4@7',
    ]);
  });

  it('a session that comes and goes within one commit is not sent', async () => {
    const driver = await TopologyTestDriver.create(counts().build());
    const piped = [0, 5, 20, 9].map((timestamp) => ({ key: 'k', value: 'a', timestamp }));
    await driver.pipeInputs('in', stringSerde, stringSerde, piped);
    await driver.pipeInputs('in', stringSerde, stringSerde, [
      { key: 'k', value: 'a', timestamp: 15 },
      { key: 'k', value: 'a', timestamp: 16 },
    ]);
    const output = await driver.readOutput('out', stringSerde, numberSerde);
    expect(output.map(({ key, timestamp, value }) => `${key}=${value}@${timestamp}`)).toEqual([
      'k[0,9]=3@9',
      'k[20,20]=1@20',
      'k[0,9]=null@9',
      'k[20,20]=null@20',
      'k[0,20]=6@20',
    ]);
    await driver.close();
  });

  it('a record is late where its session would be closed, and counts where it joins one that is open', async () => {
    const driver = await TopologyTestDriver.create(counts().build(), { lateTopic: 'late' });
    // T is 100: sessions that end before 85 are closed.
    for (const timestamp of [100, 84, 85, 76, 65]) {
      await driver.pipeInput('in', stringSerde, stringSerde, { key: 'k', value: `at ${timestamp}`, timestamp });
    }
    const output = await driver.readOutput('out', stringSerde, numberSerde);
    expect(output.map(({ key, timestamp, value }) => `${key}=${value}@${timestamp}`)).toEqual([
      'k[100,100]=1@100',
      'k[85,85]=1@85',
      'k[85,85]=null@85',
      'k[76,85]=2@85',
    ]);
    const late = await driver.readOutput('late', stringSerde, stringSerde);
    expect(late.map(({ value }) => value)).toEqual(['at 84', 'at 65']);
    expect(driver.metrics.counted).toEqual({ counts: 3 });
    // The grace period with which a session that ends at 84, or at 65, would be open: 100 - 10 - 84, and 100 - 10 - 65.
    expect(driver.metrics.late['counts']).toMatchObject({ dropped: 2 });
    expect(late.map(({ headers }) => String(headers.find(({ key }) => key === 'grace-needed-ms')?.value))).toEqual([
      '6',
      '25',
    ]);
    await driver.close();
  });

  it('a closed session takes no more records, though they come within the gap', async () => {
    // At 27 the session at 10 is closed, for it ends before 27 - 15, and 12 would still be open.
    expect(await drive(counts(), at(10, 27, 12))).toEqual(['k[10,10]=1@10', 'k[27,27]=1@27', 'k[12,12]=1@12']);
  });

  it('without a grace period a session closes when the gap has passed', async () => {
    const builder = counts(SessionWindows.ofInactivityGapWithNoGrace(10));
    expect(await drive(builder, at(0, 11, 0, 1))).toEqual([
      'k[0,0]=1@0',
      'k[11,11]=1@11',
      'k[11,11]=null@11',
      'k[1,11]=2@11',
    ]);
  });

  it('null keys are passed over, null values count and are not reduced', async () => {
    const records: Given[] = [
      ['k', null, 0],
      [null, 'a', 1],
      ['k', 'a', 2],
    ];
    expect(await drive(counts(), records)).toEqual(['k[0,0]=1@0', 'k[0,0]=null@0', 'k[0,2]=2@2']);
    const builder = new StreamsBuilder();
    builder
      .stream('in', STRINGS)
      .groupByKey()
      .windowedBy(WINDOWS)
      .reduce((left, right) => `${left}${right}`)
      .toStream()
      .map(({ key, window }, value) => [`${key}[${window.start},${window.end}]`, value])
      .to('out', STRINGS);
    const output = await drive(builder, [...records, ['k', 'b', 5]], { valueSerde: stringSerde });
    expect(output).toEqual(['k[2,2]=a@2', 'k[2,2]=null@2', 'k[2,5]=ab@5']);
  });

  it('a gap of nothing is refused', () => {
    expect(() => SessionWindows.ofInactivityGapWithNoGrace(0)).toThrow(ArgumentError);
    expect(() => SessionWindows.ofInactivityGapAndGrace('soon' as '1s', 0)).toThrow(ArgumentError);
  });

  it('a filter takes back what it let through', async () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', STRINGS)
      .groupByKey()
      .windowedBy(WINDOWS)
      .count()
      .filter((_key, count) => count !== 2)
      .toStream()
      .map(({ key, window }, value) => [`${key}[${window.start},${window.end}]`, value])
      .to('out', { key: stringSerde, value: numberSerde });
    expect(await drive(builder, at(3, 3, 7))).toEqual(['k[3,3]=1@3', 'k[3,3]=null@3', 'k[3,7]=3@7']);
  });
});

describe.each(MODES)('aggregates of sessions, repartition %s', (repartition) => {
  it('adds a record to what the merger makes of the initial value and the sessions, the earliest first', async () => {
    const records: Given[] = [
      ['k', 'a', 0],
      ['k', 'b', 14],
      ['k', 'c', 7],
    ];
    expect(await drive(joined(), records, { repartition, valueSerde: stringSerde })).toEqual([
      'k[0,0]=a@0',
      'k[14,14]=b@14',
      'k[0,0]=null@0',
      'k[14,14]=null@14',
      'k[0,14]=<a><b>c@14',
    ]);
  });

  it('an aggregator that answers null deletes the session', async () => {
    const records: Given[] = [
      ['k', 'a', 0],
      ['k', 'delete', 4],
      ['k', 'b', 8],
      ['l', 'delete', 8],
    ];
    expect(await drive(joined(), records, { repartition, valueSerde: stringSerde })).toEqual([
      'k[0,0]=a@0',
      'k[0,0]=null@0',
      'k[8,8]=b@8',
    ]);
  });

  it('on close each session is sent once, by its end, its start and its key', async () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', STRINGS)
      .groupBy((_key, value) => value, { key: stringSerde })
      .windowedBy(WINDOWS)
      .emitStrategy('onWindowClose')
      .count({ name: 'counts' })
      .toStream()
      .map(({ key, window }, count) => [`${key}[${window.start},${window.end}]`, count])
      .to('out', { key: stringSerde, value: numberSerde });
    const driver = await TopologyTestDriver.create(builder.build(), { repartition });
    const words = driver.createInputTopic('in', STRINGS);
    const sent = async () => {
      const output = await driver.readOutput('out', stringSerde, numberSerde);
      return output.map(({ key, timestamp, value }) => `${key}=${value}@${timestamp}`);
    };
    await words.pipeInput('', 'c', 1);
    await words.pipeInput('', 'b', 4);
    await words.pipeInput('', 'a', 4);
    await words.pipeInput('', 'b', 1);
    await words.pipeInput('', 'z', 19);
    // 19 - 15 is 4: what ends at 4 is open.
    expect(await sent()).toEqual(['c[1,1]=1@1']);
    await driver.restart();
    await words.pipeInput('', 'z', 20);
    expect(await sent()).toEqual(['b[1,4]=2@4', 'a[4,4]=1@4']);
    await words.pipeInput('', 'z', 90);
    expect(await sent()).toEqual(['z[19,20]=2@20']);
    await driver.drain();
    expect(await sent()).toEqual(['z[90,90]=1@90']);
    await driver.close();
  });

  it('goes on with its sessions after a restart', async () => {
    const driver = await TopologyTestDriver.create(joined().build(), { repartition });
    const words = driver.createInputTopic('in', STRINGS);
    await words.pipeInput('k', 'a', 0);
    await words.pipeInput('k', 'b', 14);
    await driver.restart();
    await words.pipeInput('k', 'c', 7);
    const output = await driver.readOutput('out', stringSerde, stringSerde);
    expect(output.map(({ key, value }) => `${key}=${value}`)).toEqual([
      'k[0,0]=a',
      'k[14,14]=b',
      'k[0,0]=null',
      'k[14,14]=null',
      'k[0,14]=<a><b>c',
    ]);
    await driver.close();
  });

  it('what a session is made of has the headers of the record that changed it last', async () => {
    const driver = await TopologyTestDriver.create(joined().build(), { repartition });
    const pipe = (timestamp: number, header: string) =>
      driver.pipeInput('in', stringSerde, stringSerde, {
        key: 'k',
        value: 'a',
        timestamp,
        headers: [{ key: 'h', value: Buffer.from(header) }],
      });
    await pipe(0, 'one');
    await pipe(5, 'two');
    const output = await driver.readOutput('out', stringSerde, stringSerde);
    expect(output.map(({ headers, value }) => [value, headers.map((header) => String(header.value))])).toEqual([
      ['a', ['one']],
      [null, ['two']],
      ['<a>a', ['two']],
    ]);
    await driver.close();
  });

  it('keys that are objects are one where their bytes are', async () => {
    const builder = new StreamsBuilder();
    const key = jsonSerde<{ id: number }>();
    builder
      .stream('in', STRINGS)
      .groupBy((_key, value) => ({ id: value?.length ?? 0 }), { key })
      .windowedBy(WINDOWS)
      .count({ name: 'counts' })
      .toStream()
      .map(({ key: { id }, window }, count) => [`${id}[${window.start},${window.end}]`, count])
      .to('out', { key: stringSerde, value: numberSerde });
    const records: Given[] = [
      ['k', 'a', 0],
      ['k', 'b', 1],
      ['k', 'bb', 1],
    ];
    expect(await drive(builder, records, { repartition })).toEqual([
      '1[0,0]=1@0',
      '1[0,0]=null@0',
      '1[0,1]=2@1',
      '2[1,1]=1@1',
    ]);
  });
});
