import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SchemaDirectory } from '../../schemas/schema-directory.js';
import { DEFAULT_APPLICATION_CONFIG, topicsOf } from '../../topology/application-config.js';
import { registerSerdes, type TopicSerdes } from '../../topology/serdes.js';
import { Millrace, temporaryDirectory } from '../integration/millrace.js';

const WITHIN_MS = 120_000;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const pipelines: Millrace[] = [];

beforeEach(async () => {
  directory = await temporaryDirectory();
});

afterEach(async () => {
  for (const pipeline of pipelines.splice(0)) await pipeline.kill('SIGKILL');
  await directory.remove();
});

function start(...args: readonly string[]): Millrace {
  const pipeline = new Millrace([
    'start',
    '--data-dir',
    join(directory.path, 'data'),
    '--commit-interval',
    '50ms',
    ...args,
  ]);
  pipelines.push(pipeline);
  return pipeline;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + WITHIN_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${WITHIN_MS} ms: ${what}`);
    await delay(100);
  }
}

/** What is in the log of a pipeline that has ended. */
async function inTheLog<V>(role: 'accessLog' | 'serviceLogs' | 'sensorReadings'): Promise<V[]> {
  const log = await EmbeddedLog.open({ directory: join(directory.path, 'data', 'log') });
  try {
    const schemas = new SchemaDirectory(join(directory.path, 'data', 'schemas.json'));
    const topics = topicsOf(DEFAULT_APPLICATION_CONFIG);
    const serdes = (await registerSerdes(schemas, topics)) as TopicSerdes;
    const topic = DEFAULT_APPLICATION_CONFIG.topics[role];
    const values: V[] = [];
    for (let partition = 0; partition < ((await log.partitions(topic)) ?? 0); partition++) {
      const end = await log.endOffset({ topic, partition });
      const consumer = log.consumer();
      consumer.assign({ topic, partition }, 0);
      for (let next = 0; next < end; ) {
        for (const cursor of await consumer.poll(1000)) {
          while (cursor.next()) {
            values.push(serdes[role].deserialize(topic, cursor.valueBytes, cursor.valueStart, cursor.valueEnd) as V);
          }
          next = cursor.nextOffset;
        }
      }
      await consumer.close();
    }
    return values;
  } finally {
    await log.close();
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, number) => number);

function sorted(values: readonly number[]): number[] {
  return values.toSorted((one, other) => one - other);
}

it('OTLP: each record is in the log once, though the pipeline is killed again and again while a sender tries until it is answered', async () => {
  const port = await freePort();
  const args = ['--listen', '--no-auth', '--http', `127.0.0.1:${port}`];
  const BODIES = 120;
  const RECORDS = 200;
  let sent = 0;
  let isOver = false;
  const sending = (async () => {
    for (let body = 0; body < BODIES; body++) {
      const logRecords = numbers(RECORDS).map((record) => ({
        timeUnixNano: `${Date.now()}000000`,
        severityNumber: 9,
        body: { stringValue: `${body * RECORDS + record}` },
      }));
      const text = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
      for (;;) {
        const status = await fetch(`http://127.0.0.1:${port}/v1/logs`, {
          method: 'POST',
          body: text,
          headers: { 'Content-Type': 'application/json' },
        }).then(
          (response) => response.status,
          () => 0,
        );
        if (status === 200) break;
        await delay(50);
      }
      sent++;
    }
    isOver = true;
  })();
  let pipeline = start(...args);
  for (const kill of [1, 2, 3]) {
    await until('some are taken', () => sent >= kill * 25);
    await pipeline.kill('SIGKILL');
    pipeline = start(...args);
  }
  await until('all are taken', () => isOver);
  await sending;
  await pipeline.kill('SIGTERM');
  const lines = await inTheLog<{ message: string }>('serviceLogs');
  expect(sorted(lines.map(({ message }) => Number(message)))).toEqual(numbers(BODIES * RECORDS));
});
