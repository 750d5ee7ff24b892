import { describe, expect, it } from 'vitest';
import {
  describeTopology,
  keyValueStore,
  numberSerde,
  Streams,
  StreamsBuilder,
  type StreamsConfig,
  stringSerde,
  TimeWindows,
  TopologyError,
} from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';

const STRINGS = { key: stringSerde, value: stringSerde };
const NUMBERS = { key: stringSerde, value: numberSerde };

function built(define: (builder: StreamsBuilder) => void): () => unknown {
  return () => {
    const builder = new StreamsBuilder();
    define(builder);
    return builder.build();
  };
}

describe('a topology that would read its own results for ever is refused when it is built', () => {
  it('where a stream goes back to its own topic', () => {
    const build = built((builder) => builder.stream('a', STRINGS).to('a', STRINGS));
    expect(build).toThrow(TopologyError);
    expect(build).toThrow('the topology reads the topic "a" and writes to it what it has made of it ("a" -> "a")');
  });

  it('where it goes round by way of other topics', () => {
    const build = built((builder) => {
      builder.stream('a', STRINGS).to('b', STRINGS);
      builder.stream(['x', 'b'], STRINGS).to('c', STRINGS);
      builder.stream('c', STRINGS).to('a', STRINGS);
    });
    expect(build).toThrow('("b" -> "c" -> "a" -> "b")');
  });

  it('where sub-topologies lie between, behind a repartition or a merge', () => {
    const build = built((builder) => {
      const counts = builder
        .stream('a', STRINGS)
        .groupBy((_key, value) => value, STRINGS)
        .count()
        .toStream();
      counts
        .mapValues(String)
        .merge(builder.stream('other', { ...STRINGS, nulls: 'skip' }))
        .to('a', STRINGS);
    });
    expect(build).toThrow('("a" -> "a")');
  });

  it('where a table feeds itself', () => {
    const build = built((builder) => builder.table('rows', STRINGS).toStream().to('rows'));
    expect(build).toThrow('("rows" -> "rows")');
  });
});

describe('when it starts, with the topics that its name and its configuration tell', () => {
  const start = async (define: (builder: StreamsBuilder) => void, config: Partial<StreamsConfig> = {}) => {
    const log = await EmbeddedLog.inMemory();
    for (const topic of ['in', 'out', 'dlq', 'late', 'app-c-changelog', 'app-r-repartition', 'app-s-changelog']) {
      await log.ensureTopic(topic, { partitions: 1 });
    }
    const builder = new StreamsBuilder();
    define(builder);
    const streams = new Streams(builder.build(), { applicationId: 'app', log, ...config });
    try {
      await streams.start();
      await streams.close();
    } finally {
      await log.close();
    }
  };
  const windowed = (topic: string) => (builder: StreamsBuilder) =>
    void builder
      .stream(topic, STRINGS)
      .groupByKey()
      .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
      .count()
      .toStream()
      .to('out', { key: null, value: numberSerde });

  it('its own dead letters are not read', async () => {
    const dead = (builder: StreamsBuilder) => builder.stream('dlq', STRINGS).to('out', STRINGS);
    await expect(start(dead, { deadLetterTopic: 'dlq' })).rejects.toThrow('("dlq" -> "dlq")');
    await start(dead);
  });

  it('its late records are not read into windows again, and elsewhere they are', async () => {
    await expect(start(windowed('late'), { lateTopic: 'late' })).rejects.toThrow('("late" -> "late")');
    await start(windowed('in'), { lateTopic: 'late' });
    await start((builder) => builder.stream('late', STRINGS).to('out', STRINGS), { lateTopic: 'late' });
  });

  it('a store is not fed by its own changelog, nor a repartition by its own topic', async () => {
    const counted = (builder: StreamsBuilder) =>
      builder.stream('app-c-changelog', STRINGS).groupByKey().count({ name: 'c' }).toStream().to('out', NUMBERS);
    await expect(start(counted)).rejects.toThrow('("app-c-changelog" -> "app-c-changelog")');
    const held = keyValueStore({ name: 's', keySerde: stringSerde, valueSerde: stringSerde });
    const processed = (builder: StreamsBuilder) =>
      void builder.stream('app-s-changelog', STRINGS).process(() => ({ process: () => {} }), { stores: [held] });
    await expect(start(processed)).rejects.toThrow('("app-s-changelog" -> "app-s-changelog")');
    const again = (builder: StreamsBuilder) =>
      builder
        .stream('app-r-repartition', STRINGS)
        .repartition({ name: 'r', ...STRINGS })
        .to('out', STRINGS);
    await expect(start(again)).rejects.toThrow('("app-r-repartition" -> "app-r-repartition")');
  });
});

it('a topology may read what it writes where nothing comes back, and the reader comes after the writer', () => {
  const builder = new StreamsBuilder();
  builder.stream('b', STRINGS).to('c', STRINGS);
  builder.stream('a', STRINGS).to('b', STRINGS);
  const described = describeTopology(builder.build());
  expect(described.indexOf('topics: [a]')).toBeLessThan(described.indexOf('topics: [b]'));
});

it('a stream may meet itself again behind a repartition', () => {
  const build = built((builder) => {
    const stream = builder.stream('a', STRINGS);
    stream
      .repartition({ name: 'r', ...STRINGS })
      .merge(stream as never)
      .to('out', STRINGS as never);
  });
  expect(build).not.toThrow();
});
