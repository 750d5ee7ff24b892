import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { partitionForString } from '@millrace/streams';
import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_GOAL_CONFIG } from '../../../topology/goals/goal-config.js';
import { KafkaPipeline } from '../../faults/kafka-pipeline.js';
import { simulated } from '../../reference/events.js';
import { readGoals } from '../../reference/run-goals.js';
import { until } from '../../until.js';
import { whyNoServices } from '../services.js';

const reason = await whyNoServices(['kafka', 'registry']);
const PARTITIONS = 4;
let pipeline: KafkaPipeline | undefined;

afterEach(async () => {
  await pipeline?.close();
  pipeline = undefined;
});

describe.skipIf(reason)('a pipeline of several processes', () => {
  it('takes over limits in all of them', async () => {
    pipeline = await KafkaPipeline.create(simulated(30_000, 12, 2000));
    const { directory, log, serdes } = pipeline;
    const settings = join(directory.path, 'millrace.yaml');
    await writeFile(settings, 'goal1-threshold: 100000\n');
    const running = pipeline.start('--processes', '2', '--config', settings);
    await pipeline.feed(10_000);
    await pipeline.caughtUp();
    /** In which partitions of clients, of which each process has two, somebody was reported. */
    const reported = async () => {
      const { goal1 } = await readGoals(log, DEFAULT_GOAL_CONFIG, serdes);
      const clients = [...goal1.keys()].map((key) => key.slice(0, key.indexOf('@')));
      return new Set(clients.map((client) => partitionForString(client, PARTITIONS))).size;
    };
    expect(await reported()).toBe(0);
    await writeFile(settings, 'goal1-threshold: 1\n');
    await until(() => running.stderr.includes('taken over: goal1-threshold') || undefined);
    await pipeline.feedRest();
    await pipeline.caughtUp();
    await until(async () => (await reported()) === PARTITIONS || undefined);
    expect((await running.kill('SIGTERM')).code).toBe(0);
  });
});
