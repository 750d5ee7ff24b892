import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { prepareTopics } from '../../../app/log/topics.js';
import { startStreams } from '../../../app/pipeline/start-streams.js';
import type { PipelineStatus } from '../../../app/pipeline/status-publisher.js';
import { SchemaDirectory } from '../../../schemas/schema-directory.js';
import { EmbeddedLog } from '../../../streams/log/embedded/embedded-log.js';
import type { Log } from '../../../streams/log/log.js';
import { DEFAULT_APPLICATION_CONFIG } from '../../../topology/application-config.js';
import { until } from '../../until.js';

async function statusesIn(log: Log): Promise<{ key: string; status: PipelineStatus }[]> {
  const at = { topic: 'pipeline-status', partition: 0 };
  const end = await log.endOffset(at);
  const consumer = log.consumer();
  consumer.assign(at, 0);
  const read: { key: string; status: PipelineStatus }[] = [];
  while (read.length < end) {
    for (const cursor of await consumer.poll(100)) {
      while (cursor.next()) {
        read.push({
          key: cursor.keyBytes.toString('utf8', cursor.keyStart, cursor.keyEnd),
          status: JSON.parse(cursor.valueBytes.toString('utf8', cursor.valueStart, cursor.valueEnd)),
        });
      }
    }
  }
  await consumer.close();
  return read;
}

it('an instance tells once a second what it does, first with its topology, and that it ends', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-status-'));
  const log = await EmbeddedLog.inMemory();
  const data = { log, schemas: new SchemaDirectory(join(directory, 'schemas.json')), stateDirectory: directory };
  const config = { ...DEFAULT_APPLICATION_CONFIG, pipelines: ['goals'] as const };
  const serdes = await prepareTopics(data, config, 1);
  const options = {
    ...{ applicationId: 'told', commitInterval: 20, idle: 'never' as const, maxTimeAhead: 86_400_000 },
    ...{ numStandbyReplicas: 0, tellsStatusAs: '9.9.9' },
  };
  const host = { onFailure: () => {}, onNotice: () => {} };
  const streams = await startStreams(data, config, serdes, options, host);
  const events = Array.from({ length: 30 }, (_, i) => ({
    ...{ server: 's', client_ip: '192.0.2.1', method: 'GET', status: 200, request_time: 0.1, host: 'h.example' },
    ...{ country: 'CH', timestamp: Date.UTC(2026, 0, 1) + i, bytes: 1 },
  }));
  const transaction = log.transaction();
  for (const event of events) {
    const value = serdes.accessLog.serialize('test-inter', event as never);
    transaction.append('test-inter', 0, event.timestamp, null, Buffer.from(value));
  }
  await transaction.commit();
  await until(async () => {
    const last = (await statusesIn(log)).at(-1)?.status;
    return last?.nodes['requests']?.records_out === events.length && last.state === 'RUNNING';
  });
  await streams.close();
  await until(async () => (await statusesIn(log)).at(-1)?.status.state === 'NOT_RUNNING');

  const told = await statusesIn(log);
  expect(new Set(told.map(({ key }) => key)).size).toBe(1);
  const [first, ...others] = told.map(({ status }) => status);
  expect(first).toMatchObject({ application: 'told', version: '9.9.9', instance: told[0]?.key });
  expect(first?.topology?.fingerprint).toBe(first?.topology_fingerprint);
  expect(others.filter(({ topology }) => topology !== undefined)).toEqual([]);
  const last = others.findLast(({ state }) => state === 'RUNNING');
  expect(last?.nodes['goal1']?.records_in).toBe(30);
  expect(last?.nodes['send-goal1']?.records_out).toBe(last?.totals.recordsProduced);
  expect(last?.partitions.find(({ topic }) => topic === 'test-inter')).toMatchObject({
    ...{ partition: 0, end_offset: 30, lag_records: 0, lag_ms: 0, watermark: Date.UTC(2026, 0, 1) + 29 },
  });
  expect(last?.stores.map(({ name }) => name).sort()).toEqual(['goal1', 'goal2', 'goal3', 'goal4', 'server-errors']);
  await log.close();
  await rm(directory, { recursive: true });
});
