import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Duration,
  numberSerde,
  Streams,
  StreamsBuilder,
  stringSerde,
  TimeWindows,
  type Topology,
} from '@millrace/streams';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../until.js';
import { type Services, startServices, whyNoServices } from '../services.js';

const reason = await whyNoServices(['kafka']);
const PARTITIONS = 3;

describe.skipIf(reason)('partitions of a broker that are silent', () => {
  let services: Services;
  let log: KafkaLog;
  let writer: KafkaLog;
  let id: string;

  beforeAll(async () => {
    services = await startServices(['kafka']);
    log = await KafkaLog.open({ brokers: services.addresses.brokers });
    writer = await KafkaLog.open({ brokers: services.addresses.brokers });
  }, 90_000);
  afterAll(async () => {
    await writer?.close();
    await log?.close();
    await services?.close();
  });

  /** Counts by value and second. */
  function perSecond(emit: 'onUpdate' | 'onWindowClose', grace: Duration): Topology {
    const builder = new StreamsBuilder();
    builder
      .stream(`${id}-in`, { key: stringSerde, value: stringSerde })
      .groupBy((_key, value) => value, { key: stringSerde })
      .windowedBy(TimeWindows.ofSizeAndGrace('1s', grace))
      .emitStrategy(emit)
      .count({ name: 'counts' })
      .toStream()
      .map(({ key, window }, count): [string, number] => [`${key}@${window.start}`, count])
      .to(`${id}-out`, { key: stringSerde, value: numberSerde });
    return builder.build();
  }

  async function topics(): Promise<void> {
    id = `silence-${randomUUID()}`;
    await log.ensureTopic(`${id}-in`, { partitions: PARTITIONS });
    for (const topic of ['out', 'late']) await log.ensureTopic(`${id}-${topic}`, { partitions: 1 });
    await writer.partitions(`${id}-in`);
  }

  async function put(partition: number, times: readonly number[]): Promise<void> {
    const transaction = writer.transaction();
    for (const time of times) transaction.append(`${id}-in`, partition, time, null, Buffer.from('v'));
    await transaction.commit();
  }

  async function read(topic: string): Promise<{ key: string; count: number }[]> {
    const topicPartition = { topic: `${id}-${topic}`, partition: 0 };
    const end = await log.endOffset(topicPartition);
    const consumer = log.consumer();
    consumer.assign(topicPartition, 0);
    const records: { key: string; count: number }[] = [];
    for (let at = 0; at < end; ) {
      for (const cursor of await consumer.poll(500)) {
        while (cursor.next()) {
          const key = cursor.keyStart < 0 ? '' : cursor.keyBytes.toString('utf8', cursor.keyStart, cursor.keyEnd);
          const isCount = cursor.valueEnd - cursor.valueStart === 8;
          records.push({ key, count: isCount ? cursor.valueBytes.readDoubleBE(cursor.valueStart) : 0 });
        }
        at = cursor.nextOffset;
      }
    }
    await consumer.close();
    return records;
  }

  it('hold back no window, where they never had a record', async () => {
    await topics();
    const start = Date.now() - 3_600_000;
    const app = new Streams(perSecond('onWindowClose', '0s'), { applicationId: id, log });
    await app.start();
    let second = 0;
    await until(
      async () => {
        await put(0, [start + 1000 * second++]);
        await delay(200);
        return (await read('out')).length > 3 || undefined;
      },
      { patienceMs: 60_000 },
    );
    await app.close();
  });

  it('lose no record without reporting it when they come back after the idle time', async () => {
    await topics();
    const app = new Streams(perSecond('onUpdate', '1s'), {
      applicationId: id,
      log,
      idle: '2s',
      lateTopic: `${id}-late`,
    });
    await app.start();
    let fed = 0;
    const feed = async (partitions: readonly number[], seconds: number) => {
      for (const end = Date.now() + seconds * 1000; Date.now() < end; await delay(200)) {
        for (const partition of partitions) {
          await put(partition, [Date.now()]);
          fed++;
        }
      }
    };
    await until(
      async () => {
        await feed([0, 1, 2], 0.2);
        return (await read('out')).length > 0 || undefined;
      },
      { patienceMs: 60_000 },
    );
    const from = Date.now();
    await feed([0, 1], 6);
    const span = Date.now() - from;
    await put(
      2,
      Array.from({ length: 60 }, (_, i) => from + Math.floor((span * i) / 60)),
    );
    fed += 60;
    await feed([0, 1, 2], 2);
    await app.drain();
    const last = new Map((await read('out')).map(({ count, key }) => [key, count]));
    const counted = [...last.values()].reduce((sum, count) => sum + count, 0);
    const late = (await read('late')).length;
    expect(counted + late).toBe(fed);
    expect(late).toBeGreaterThan(0);
    expect(app.metrics.recordsSkipped).toBe(0);
    await app.close();
  });
});
