import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type AutoOffsetReset,
  numberSerde,
  Streams,
  StreamsBuilder,
  type StreamsConfig,
  stringSerde,
  TimeWindows,
  type Topology,
} from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { RemoteLog } from '../../../../streams/log/embedded/remote-log.js';
import type { Log } from '../../../../streams/log/log.js';
import { temporaryDirectory } from '../../../integration/millrace.js';

const STRINGS = { key: stringSerde, value: stringSerde };
const COUNTS = { key: stringSerde, value: numberSerde };

let log: EmbeddedLog;
let warnings: string[];
const listener = ({ message }: Error) => warnings.push(message);

beforeEach(async () => {
  log = await EmbeddedLog.inMemory();
  for (const topic of ['in', 'out']) await log.ensureTopic(topic, { partitions: 1 });
  warnings = [];
  process.on('warning', listener);
});

afterEach(async () => {
  process.off('warning', listener);
  await log.close();
});

async function append(records: number, time = 1, topic = 'in', to: Log = log): Promise<void> {
  for (let i = 0; i < records; i++) {
    const transaction = to.transaction();
    transaction.append(topic, 0, time + i, Buffer.from(`k${i % 3}`), Buffer.from('a'));
    await transaction.commit();
  }
}

function copies(to: Log, applicationId = 'app'): Streams {
  const builder = new StreamsBuilder();
  builder.stream('in', STRINGS).to('out');
  return new Streams(builder.build(), { applicationId, log: to, commitInterval: 1 });
}

async function until(isTrue: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 2));
}

async function run(topology: Topology, config: Partial<StreamsConfig> = {}): Promise<Streams> {
  const streams = new Streams(topology, { applicationId: 'app', log, commitInterval: 1, ...config });
  await streams.start();
  await until(async () => (await streams.lag()) === 0 || streams.state === 'ERROR');
  await streams.close();
  return streams;
}

async function readOut(): Promise<string[]> {
  const consumer = log.consumer();
  consumer.assign({ topic: 'out', partition: 0 }, 0);
  const end = await log.endOffset({ topic: 'out', partition: 0 });
  const records: string[] = [];
  for (let at = 0; at < end; ) {
    for (const cursor of await consumer.poll(10)) {
      while (cursor.next()) {
        const { keyBytes, keyEnd, keyStart, valueBytes, valueEnd, valueStart } = cursor;
        const value = numberSerde.deserialize('', valueBytes, valueStart, valueEnd);
        records.push(`${keyBytes.toString('utf8', keyStart, keyEnd)}=${value}`);
      }
      at = cursor.nextOffset;
    }
  }
  await consumer.close();
  return records;
}

describe('a second instance of an application', () => {
  it('is let in when the first one could not be closed in order', async () => {
    const consumerOf = log.consumer.bind(log);
    log.consumer = () => Object.assign(consumerOf(), { close: () => Promise.reject(new Error('it cannot be closed')) });
    const first = copies(log);
    await first.start();
    await expect(first.close()).rejects.toThrow('it cannot be closed');
    log.consumer = consumerOf;
    const second = copies(log);
    await second.start();
    await second.close();
  });

  it('is refused while the first one runs, in the same process', async () => {
    const first = copies(log);
    await first.start();
    await expect(copies(log).start()).rejects.toMatchObject({
      code: 'GROUP_IN_USE',
      message: expect.stringContaining('the application "app" runs already on the log in memory'),
    });
    const other = copies(log, 'other');
    await other.start();
    await other.close();
    await first.close();
    const next = copies(log);
    await next.start();
    await next.close();
  });

  it('is let in after one that has failed', async () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', STRINGS)
      .mapValues((): string => {
        throw new Error('boom');
      })
      .to('out', STRINGS);
    const failing = new Streams(builder.build(), { applicationId: 'app', log, commitInterval: 1 });
    await failing.start();
    await append(1);
    await until(() => failing.state === 'ERROR');
    const next = copies(log);
    await next.start();
    await next.close();
    await expect(failing.close()).rejects.toThrow('boom');
  });

  it('is refused in another process, until the connection of the first one ends', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory.path, 'log');
    const owned = await EmbeddedLog.open({ directory: path, serve: true });
    for (const topic of ['in', 'out']) await owned.ensureTopic(topic, { partitions: 1 });
    const [one, two] = (await Promise.all([RemoteLog.connect(path), RemoteLog.connect(path)])) as [
      RemoteLog,
      RemoteLog,
    ];
    const first = copies(one);
    await first.start();
    await expect(copies(two).start()).rejects.toMatchObject({ code: 'GROUP_IN_USE' });
    await expect(copies(owned).start()).rejects.toMatchObject({ code: 'GROUP_IN_USE' });
    await one.close();
    let next: Streams | undefined;
    await until(async () => {
      next = copies(two);
      return next.start().then(
        () => true,
        () => false,
      );
    });
    await next?.close();
    await expect(first.close()).rejects.toThrow('is closed');
    await two.close();
    await owned.close();
    await rm(path, { recursive: true });
    await directory.remove();
  });
});

describe.each([
  ['a count', false],
  ['a count by windows', true],
])('what is left in the repartition topic of %s', (_name, isWindowed) => {
  const topology = (): Topology => {
    const builder = new StreamsBuilder();
    const grouped = builder.stream('in', STRINGS).groupBy((key) => key ?? '', { key: stringSerde });
    const counts = isWindowed
      ? grouped
          .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
          .emitStrategy('onWindowClose')
          .count({ name: 'c' })
          .toStream()
          .map((key, count) => [String(key), count])
      : grouped
          .count({ name: 'c' })
          .toStream()
          .map((key, count) => [key, count]);
    counts.to('out', COUNTS);
    return builder.build();
  };

  it('is read before records are handed on directly', async () => {
    await append(30);
    // What is read is only committed as it is closed, and so nobody reads it from the repartition topic.
    const byTopic = new Streams(topology(), {
      applicationId: 'app',
      log,
      repartition: 'topic',
      commitInterval: '1h',
    });
    await byTopic.start();
    await until(() => byTopic.metrics.recordsConsumed === 30);
    await byTopic.close();
    const left = { topic: 'app-c-repartition', partition: 0 };
    expect((await log.committed('app', left))?.offset ?? 0).toBeLessThan(await log.endOffset(left));
    // Later than all windows of those.
    await append(3, 100);
    await run(topology(), { repartition: 'auto' });
    await append(3, 200);
    await run(topology(), { repartition: 'auto' });
    const rows = await readOut();
    if (isWindowed) {
      // The times 1 to 30 come in turn to three keys: 1, 4, 7 are of k0, and so on; no window is missed.
      const expected = ['k0@0/10=3', 'k1@0/10=3', 'k2@0/10=3', 'k0@10/20=4', 'k1@10/20=3', 'k2@10/20=3'];
      expect(rows.slice(0, 6)).toEqual(expected.map((row) => row.replace(/(.*)=/, '[$1]=')));
      // 9 windows up to 30, one of the record at 30, and those of the three at 100.
      expect(rows).toHaveLength(13);
    } else {
      expect(rows.slice(-3)).toEqual(['k0=12', 'k1=12', 'k2=12']);
    }
  });
});

describe('a position that the log no longer has', () => {
  const counted = (consumed: { readonly autoOffsetReset?: AutoOffsetReset } = {}): Topology => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', { ...STRINGS, ...consumed })
      .map(() => ['all', 1])
      .groupByKey({ key: stringSerde })
      .count({ name: 'c' })
      .toStream()
      .to('out', COUNTS);
    return builder.build();
  };

  /** 10 records are read, and of 50 more the first 30 are deleted unread. */
  async function deleteUnread(): Promise<void> {
    await append(10);
    await run(counted());
    await append(50);
    await log.deleteRecords({ topic: 'in', partition: 0 }, 40);
  }

  it('is told, and reading goes on at the first record that is there', async () => {
    await deleteUnread();
    const { metrics } = await run(counted());
    expect((await readOut()).at(-1)).toBe('all=30');
    expect(metrics.offsetResets).toBe(1);
    expect(warnings.join()).toContain(
      'up to 10, and the log begins at 40: 30 records were deleted before they were read',
    );
  });

  it('ends the start where the source says none, and names what is missing', async () => {
    await deleteUnread();
    await expect(run(counted({ autoOffsetReset: 'none' }))).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      message: expect.stringContaining('30 records were deleted before they were read; to go on, set autoOffsetReset'),
    });
  });

  it('is left behind where only what comes from now on is wanted', async () => {
    await deleteUnread();
    await run(counted(), { autoOffsetReset: 'latest' });
    expect((await readOut()).at(-1)).toBe('all=10');
  });

  it('behind the end of the log is told as well, and read from its begin', async () => {
    const transaction = log.transaction();
    transaction.commitOffset('app', { topic: 'in', partition: 0 }, { offset: 100, metadata: '' });
    await transaction.commit();
    await append(5);
    await run(counted());
    expect((await readOut()).at(-1)).toBe('all=5');
    expect(warnings.join()).toContain('up to 100, and the log ends at 5: the topic was recreated');
  });

  it('is none at the first start, where reading begins as the policy says', async () => {
    await append(5);
    await run(counted(), { autoOffsetReset: 'latest' });
    expect(await readOut()).toEqual([]);
    expect(warnings).toEqual([]);
    await expect(run(counted({ autoOffsetReset: 'none' }), { applicationId: 'other' })).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
    });
  });
});
