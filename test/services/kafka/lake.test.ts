import { join } from 'node:path';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeltaLog } from '../../../lake/delta/delta-log.js';
import { LakeWriter } from '../../../lake/lake-writer.js';
import { SchemaDirectory } from '../../../schemas/schema-directory.js';
import { produce, REQUEST, requests } from '../../integration/lake/events.js';
import { selectStored } from '../../integration/lake/stored.js';
import { temporaryDirectory } from '../../integration/millrace.js';
import { type Services, startServices, whyNoServices } from '../services.js';

const reason = await whyNoServices(['kafka']);

describe.skipIf(reason)('a lake of topics in Kafka', () => {
  let services: Services;
  let log: KafkaLog;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    services = await startServices(['kafka']);
    log = await KafkaLog.open({ brokers: services.addresses.brokers });
  }, 90_000);
  afterAll(async () => {
    await log?.close();
    await services?.close();
    await directory.remove();
  }, 30_000);

  it('has each record of many transactions once, and goes on behind their markers', async () => {
    const lake = join(directory.path, 'lake');
    const schemas = new SchemaDirectory(join(directory.path, 'schemas.json'));
    const sources = [{ kind: 'access', topic: 'requests' }];
    await log.ensureTopic('requests', { partitions: 2 });
    const produced = requests(5000, 2, 1);
    for (const part of [produced.slice(0, 3000), produced.slice(3000)]) {
      await produce({ log, schemas }, 'requests', REQUEST, part);
      const writer = await LakeWriter.open({ log, schemas, directory: lake, sources, maxRows: 700 });
      await writer.drain();
      await writer.close();
      expect(writer.metrics.records).toBe(part.length);
    }
    const stored = await selectStored(
      lake,
      `SELECT kafka_partition::INT AS partition, host, status::INT AS status, request_time,
        epoch_ms("timestamp")::DOUBLE AS "timestamp" FROM t ORDER BY kafka_partition, kafka_offset`,
    );
    const inOrder = [0, 1].flatMap((wanted) => produced.filter(({ partition }) => partition === wanted));
    expect(stored).toEqual(inOrder.map(({ partition, value }) => ({ partition, ...value })));
    const { transactions } = await new DeltaLog(lake).require();
    for (const partition of [0, 1]) {
      const end = await log.endOffset({ topic: 'requests', partition }, { settled: true });
      // The last of the markers may or may not have been passed.
      expect(end - (transactions.get(`millrace/requests/${partition}`)?.version ?? 0)).toBeLessThanOrEqual(1);
      expect(end).toBeGreaterThan(2500);
    }
  });
});
