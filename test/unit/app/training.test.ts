import { EmbeddedLog } from '@millrace/streams/embedded';
import { afterEach, expect, it } from 'vitest';
import { ModelDirectory } from '../../../app/models/model-directory.js';
import { keepTraining } from '../../../app/models/training.js';
import { DEFAULT_APPLICATION_CONFIG } from '../../../topology/application-config.js';
import { registerSerdes } from '../../../topology/serdes.js';
import { temporaryDirectory } from '../../integration/millrace.js';
import { MemoryRegistry } from '../../reference/run-goals.js';
import { until } from '../../until.js';

const { serviceHealth: topic } = DEFAULT_APPLICATION_CONFIG.topics;
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

it('models are trained when there is enough to train on, again when there is twice as much, and after a restart not at once', async () => {
  const log = await EmbeddedLog.inMemory();
  const directory = await temporaryDirectory();
  cleanUps.push(() => log.close(), directory.remove);
  await log.ensureTopic(topic, { partitions: 1 });
  const schemas = Object.assign(new MemoryRegistry(), { subjects: async () => [], versionsOf: async () => [] });
  const { serviceHealth } = await registerSerdes(schemas, { serviceHealth: topic });
  let windows = 0;
  const append = async (many: number) => {
    const transaction = log.transaction();
    for (const end = windows + many; windows < end; windows++) {
      const start = Date.UTC(2026, 2, 2) + windows * 5000;
      const value = serviceHealth.serialize(topic, {
        ...{
          service: 'shop',
          window_start: start,
          window_end: start + 5000,
          count: 100 + (windows % 7),
          throughput: 20,
        },
        ...{ avg_response_time: 40 + (windows % 5), p50_response_time: 40, p95_response_time: 60, error_rate: 0.01 },
        ...{ active_sessions: 0, bytes: 0, health: 'healthy' },
      });
      transaction.append(topic, 0, 0, Buffer.from('shop'), value);
    }
    await transaction.commit();
  };
  const start = () => {
    const stop = new AbortController();
    const config = { ...DEFAULT_APPLICATION_CONFIG, pipelines: ['services'] as const };
    const training = keepTraining({ log, schemas }, config, directory.path, stop.signal, 10);
    return async () => {
      stop.abort();
      await training;
    };
  };
  const newest = () => new ModelDirectory(directory.path).newestVersion();

  const stop = start();
  cleanUps.push(stop);
  await append(300);
  await until(async () => (await newest()) === 1);
  await append(299);
  await append(1);
  await until(async () => (await newest()) === 2);
  await stop();

  cleanUps.push(start());
  await append(599);
  expect(await newest()).toBe(2);
  await append(1);
  await until(async () => (await newest()) === 3);
});
