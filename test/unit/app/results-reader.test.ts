import { EmbeddedLog } from '@millrace/streams/embedded';
import { expect, it } from 'vitest';
import { readResults } from '../../../app/results/results-reader.js';
import { DEFAULT_APPLICATION_CONFIG } from '../../../topology/application-config.js';
import { registerSerdes } from '../../../topology/serdes.js';
import { MemoryRegistry } from '../../reference/run-goals.js';

it('does not wait for results that could not be decoded when they came', { timeout: 10_000 }, async () => {
  const log = await EmbeddedLog.inMemory();
  const config = { ...DEFAULT_APPLICATION_CONFIG, pipelines: ['goals'] } as const;
  const { topics } = config;
  for (const topic of Object.values(topics)) await log.ensureTopic(topic, { partitions: 1 });
  const serdes = await registerSerdes(new MemoryRegistry(), topics);
  const reader = await readResults(log, config, serdes, { from: 'now' });
  const write = async (value: Uint8Array) => {
    const transaction = log.transaction();
    transaction.append(topics.goal1, 0, 0, Buffer.from('key'), value);
    await transaction.commit();
  };
  await write(Buffer.from('no Avro'));
  await expect(reader.catchUp(1000)).rejects.toThrow();
  await reader.readToEnd();
  const result = { client_ip: '192.0.2.1', window_start: 0, window_end: 20_000, count: 11 };
  await write(serdes.goal1.serialize(topics.goal1, result));
  await reader.readToEnd();
  expect(reader.goals[0]?.records).toBe(1);
  await reader.close();
  await log.close();
});
