import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { jsonLines, Millrace, millrace, temporaryDirectory } from '../../integration/millrace.js';
import { until } from '../../until.js';
import { type Services, startServices, whyNoServices } from '../services.js';

const SERVICES = ['kafka', 'registry'] as const;
const LINES = 5_000;

const reason = await whyNoServices(SERVICES);

let services: Services;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const running: Millrace[] = [];

/** A topic as others make and fill it. */
async function fill(topic: string, values: readonly string[]): Promise<void> {
  const log = await KafkaLog.open({ brokers: services.addresses.brokers, guarantee: 'at-least-once' });
  try {
    await log.ensureTopic(topic, { partitions: 3 });
    if (values.length === 0) return;
    const transaction = log.transaction();
    for (const [number, value] of values.entries()) {
      transaction.append(topic, number % 3, Date.now(), null, Buffer.from(value));
    }
    await transaction.commit();
  } finally {
    await log.close();
  }
}

function started(applicationId: string, ...args: readonly string[]): Millrace {
  const { brokers, registryUrl } = services.addresses;
  const pipeline = new Millrace([
    ...['start', '--brokers', brokers, '--registry', registryUrl, '--application-id', applicationId],
    ...['--data-dir', join(directory.path, applicationId), '--partitions', '2', '--no-http', ...args],
  ]);
  running.push(pipeline);
  return pipeline;
}

async function valuesOf<V>(topic: string): Promise<V[]> {
  const { brokers, registryUrl } = services.addresses;
  const { code, stderr, stdout } = await millrace([
    ...['consume', topic, '--brokers', brokers, '--registry', registryUrl, '--from-beginning'],
  ]);
  expect(code, stderr).toBe(0);
  return jsonLines<{ value: V }>(stdout).map(({ value }) => value);
}

function numbers(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, number) => from + number);
}

function sorted(values: readonly number[]): number[] {
  return values.toSorted((one, other) => one - other);
}

describe.skipIf(reason)('topics of a broker that others fill', () => {
  beforeAll(async () => {
    directory = await temporaryDirectory();
    services = await startServices(SERVICES);
  });

  afterEach(async () => {
    for (const pipeline of running.splice(0)) await pipeline.kill('SIGKILL');
  });

  afterAll(async () => {
    await services?.close();
    await directory?.remove();
  });

  it('are read once, as JSON and as lines of text, though the pipeline is killed while they are filled', async () => {
    const request = (number: number) =>
      JSON.stringify({
        ...{ server: 's', client_ip: `154.85.126.${number % 250}`, method: 'GET', status: '200', request_time: '0.31' },
        ...{ host: 'a.example', country: 'FR', '@timestamp': '1431857103.123', bytes: String(number) },
      });
    const line = (number: number) =>
      `203.0.113.${number % 250} - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 ${number}`;
    const refused = 'no line of anything';
    await fill('others-json', numbers(LINES).map(request));
    await fill('others-text', [refused]);
    const args = ['--pipelines', 'goals', '--source-topic', 'others-json', '--source-topic', 'others-text:combined'];
    let pipeline = started('others', ...args);
    for (const [part, from] of [LINES, LINES + 1_000, LINES + 2_000].entries()) {
      await fill('others-text', numbers(1_000, from).map(line));
      if (part === 2) break;
      // It may be at work, or about to begin.
      await until(() => / events? /.test(pipeline.stderr), { patienceMs: 60_000 });
      await pipeline.kill('SIGKILL');
      pipeline = started('others', ...args);
    }
    const found = async () => (await valuesOf<{ bytes: number }>('test-inter')).map(({ bytes }) => bytes);
    await until(async () => (await found()).length >= LINES + 3_000, {
      progress: async () => (await found()).length,
      patienceMs: 60_000,
    });
    expect(sorted(await found())).toEqual(numbers(LINES + 3_000));
    expect((await pipeline.kill('SIGTERM')).code).toBe(0);
    const { brokers, registryUrl } = services.addresses;
    const letters = await millrace([
      ...['consume', 'test-inter-dlq', '--brokers', brokers, '--registry', registryUrl, '--from-beginning'],
    ]);
    expect(letters.stdout).toContain('others-text');
    expect(jsonLines(letters.stdout)).toHaveLength(1);
  });

  it('are read to their end with --once, and the next run goes on there', async () => {
    const reading = (number: number) => JSON.stringify({ sensor_id: 'boiler', timestamp: number, temperature: 20 });
    const begun = Date.now() - 1_000_000;
    const args = ['--pipelines', 'sensors', '--source-topic', 'others-readings', '--once'];
    for (const part of [0, 1]) {
      await fill(
        'others-readings',
        numbers(500, part * 500).map((number) => reading(begun + number)),
      );
      const { code, stderr, stdout } = await started('readings', ...args).finished;
      expect(code, stderr).toBe(0);
      expect(stdout).toContain('500 events');
      const readings = await valuesOf<{ timestamp: number }>('sensor-topic');
      expect(sorted(readings.map(({ timestamp }) => timestamp - begun))).toEqual(numbers((part + 1) * 500));
    }
  });

  it.skipIf(!existsSync('/usr/bin/kcat'))(
    'are read as another client writes them, in JSON that a registry knows nothing of',
    async () => {
      const { brokers } = services.addresses;
      await fill('others-kcat', []);
      const child = spawn('kcat', ['-P', '-b', brokers, '-t', 'others-kcat', '-z', 'gzip'], {
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      for (const number of numbers(300)) {
        child.stdin.write(
          `${JSON.stringify({ time: Date.now(), level: 30, pid: 7, hostname: 'm', name: 'cart', msg: `line ${number}` })}\n`,
        );
      }
      child.stdin.end();
      await new Promise((resolve) => child.once('exit', resolve));
      const pipeline = started('kcat', '--pipelines', 'services', '--source-topic', 'others-kcat', '--once');
      const { code, stderr } = await pipeline.finished;
      expect(code, stderr).toBe(0);
      const lines = await valuesOf<{ message: string; service: string }>('logs');
      expect(sorted(lines.map(({ message }) => Number(message.slice(5))))).toEqual(numbers(300));
      expect(new Set(lines.map(({ service }) => service))).toEqual(new Set(['cart']));
    },
  );
});
