import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KAFKA_ENDS_WITHIN_MS } from '../../../app/end-process.js';
import type { PipelineStatus } from '../../../app/pipeline/status-publisher.js';
import { Millrace, temporaryDirectory } from '../../integration/millrace.js';
import { until } from '../../until.js';
import { type Services, startServices, whyNoServices } from '../services.js';

const reason = await whyNoServices(['kafka', 'registry']);
const AT = { topic: 'pipeline-status', partition: 0 };
/** Of an instance that is told to end, with what its last commit may wait for. */
const ENDS_WITHIN_MS = 12_000;

describe.skipIf(reason)('a pipeline on Kafka', () => {
  let services: Services;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let log: KafkaLog;
  const running: Millrace[] = [];

  beforeAll(async () => {
    services = await startServices(['kafka', 'registry']);
    directory = await temporaryDirectory();
    log = await KafkaLog.open({ brokers: services.addresses.brokers, say: () => {} });
  }, 120_000);
  afterAll(async () => {
    for (const one of running) await one.kill('SIGKILL');
    await log?.close();
    await services?.close();
    await directory?.remove();
  });

  function start(...args: readonly string[]): Millrace {
    const { brokers, registryUrl } = services.addresses;
    const one = new Millrace([
      ...[
        'start',
        '--brokers',
        brokers,
        '--registry',
        registryUrl,
        '--data-dir',
        directory.path,
        '--http',
        '127.0.0.1:0',
        '--no-auth',
      ],
      ...['--pipelines', 'goals', '--rate', '200', ...args],
    ]);
    running.push(one);
    return one;
  }

  async function statuses(): Promise<PipelineStatus[]> {
    if ((await log.partitions(AT.topic)) === undefined) return [];
    const [from, end] = [await log.startOffset(AT), await log.endOffset(AT)];
    const consumer = log.consumer();
    consumer.assign(AT, from);
    const read: PipelineStatus[] = [];
    for (let next = from; next < end; ) {
      for (const cursor of await consumer.poll(500)) {
        while (cursor.next())
          read.push(JSON.parse(cursor.valueBytes.toString('utf8', cursor.valueStart, cursor.valueEnd)));
        next = cursor.nextOffset;
      }
    }
    await consumer.close();
    return read;
  }

  it('tells once a second what it does, is served beside it, and ends in time with its last word', async () => {
    const pipeline = start('--http', '127.0.0.1:0', '--no-auth');
    const url = await until(() => /http:\/\/127\.0\.0\.1:\d+/.exec(pipeline.stdout + pipeline.stderr)?.[0], {
      progress: () => pipeline.stderr.length,
    });
    const metrics = async () => (await fetch(`${url}/metrics`)).text().catch(() => '');
    await until(async () => /process_records_total\{[^}]*\} [1-9]/.test(await metrics().catch(() => '')));
    expect(await metrics()).toMatch(/millrace_client_state\{[^}]*state="RUNNING"\} 1/);
    const topology = (await (await fetch(`${url}/api/v1/topology`)).json()) as Record<string, unknown>;
    expect(JSON.stringify(topology)).toContain('goal1');
    const told = await statuses();
    const [first, last] = [told[0], told.at(-1)];
    expect(last?.totals.recordsConsumed).toBeGreaterThan(first?.totals.recordsConsumed ?? Number.NaN);
    // A commit every 100 ms goes on beside it: none waits for what is told.
    expect((last?.commits.ms.sum ?? 0) / (last?.commits.count ?? 0)).toBeLessThan(1000);

    const startedAt = performance.now();
    const { code } = await pipeline.kill('SIGINT');
    expect(performance.now() - startedAt).toBeLessThan(ENDS_WITHIN_MS);
    expect(code).toBe(0);
    expect((await statuses()).at(-1)?.state).toBe('NOT_RUNNING');
  }, 180_000);

  it('of several processes each tells of itself', async () => {
    const before = new Set((await statuses()).map(({ instance }) => instance));
    const pipeline = start('--processes', '2');
    await until(async () => {
      const now = (await statuses()).filter(({ instance, state }) => state === 'RUNNING' && !before.has(instance));
      return new Set(now.map(({ instance }) => instance)).size === 2;
    });
    await pipeline.kill('SIGINT');
    const now = (await statuses()).filter(({ instance }) => !before.has(instance));
    const ends = new Map(now.map(({ instance, state }) => [instance, state]));
    expect([...ends.values()]).toEqual(['NOT_RUNNING', 'NOT_RUNNING']);
  }, 180_000);

  it('ends in time though the broker is away', async () => {
    const pipeline = start();
    const before = new Set((await statuses()).map(({ instance }) => instance));
    await until(async () => (await statuses()).some(({ instance }) => !before.has(instance)));
    await services.kill('kafka');
    const startedAt = performance.now();
    await pipeline.kill('SIGINT');
    // What has not ended by then is ended as it is.
    expect(performance.now() - startedAt).toBeLessThan(KAFKA_ENDS_WITHIN_MS + 3000);
    await services.start('kafka');
  }, 180_000);
});
