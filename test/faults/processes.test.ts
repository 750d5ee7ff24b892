import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { simulated } from '../reference/events.js';
import { whyNoServices } from '../services/services.js';
import { KafkaPipeline } from './kafka-pipeline.js';

/** Longer than a transaction may last, so that the broker ends those that were open. */
const OUTAGE_MS = 12_000;

const reason = await whyNoServices(['kafka', 'registry']);

describe.skipIf(reason)('a pipeline on Kafka gives the results of one that never stopped', { timeout: 240_000 }, () => {
  let pipeline: KafkaPipeline | undefined;

  afterEach(async () => {
    await pipeline?.close();
    pipeline = undefined;
  }, 60_000);

  it('while its processes are killed, stopped, frozen and started', async () => {
    pipeline = await KafkaPipeline.create(simulated(60_000, 7, 2000));
    const [first, second, third] = [pipeline.start(), pipeline.start(), pipeline.start()];
    await pipeline.feed(10_000);
    await pipeline.caughtUp();

    await pipeline.feed(5_000);
    await first.kill('SIGKILL');
    await pipeline.feed(10_000);
    await pipeline.caughtUp();

    const fourth = pipeline.start();
    await pipeline.feed(5_000);
    expect((await second.kill('SIGTERM')).code).toBe(0);
    await pipeline.feed(5_000);
    await pipeline.caughtUp();

    // Frozen beyond its session, it loses its partitions; when it comes back it must not write what it had begun.
    third.process.kill('SIGSTOP');
    await pipeline.feed(10_000);
    await pipeline.caughtUp();
    third.process.kill('SIGCONT');
    await pipeline.feed(10_000);
    await pipeline.caughtUp();
    expect((await third.kill('SIGTERM')).code).toBe(0);
    await pipeline.feed(5_000);
    await fourth.kill('SIGKILL');

    await pipeline.expectReferenceResults();
  });

  it('when the broker was killed and away for longer than a transaction may last', async () => {
    pipeline = await KafkaPipeline.create(simulated(20_000, 8, 2000));
    const running = pipeline.start();
    await pipeline.feed(5_000);
    await pipeline.caughtUp();
    await pipeline.feed(5_000);
    await pipeline.services.kill('kafka');
    await delay(OUTAGE_MS);
    await pipeline.services.start('kafka');
    await pipeline.feed(10_000);
    await pipeline.caughtUp();
    const { code, stderr } = await running.kill('SIGTERM');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('does not answer');
    await pipeline.expectReferenceResults();
  });
});
