import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ServiceLog } from '../../schemas/records.js';
import { freePort } from '../free-port.js';
import { until } from '../until.js';
import { PipelineProcess } from './pipeline-process.js';

let pipeline: PipelineProcess;

beforeEach(async () => {
  pipeline = await PipelineProcess.create();
});

afterEach(() => pipeline.close());

const numbers = (count: number) => Array.from({ length: count }, (_, number) => number);

it('OTLP: each record is in the log once, though the pipeline is killed again and again while a sender tries until it is answered', async () => {
  const port = await freePort();
  const args = ['--listen', '--no-auth', '--http', `127.0.0.1:${port}`];
  const BODIES = 120;
  const RECORDS = 200;
  let sent = 0;
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
  })();
  await pipeline.start(...args);
  for (const kill of [1, 2, 3]) {
    await until(() => sent >= kill * 25, { progress: () => sent });
    await pipeline.end('SIGKILL');
    await pipeline.start(...args);
  }
  await until(() => sent === BODIES, { progress: () => sent });
  await sending;
  await pipeline.end('SIGTERM');
  const lines = await pipeline.events<ServiceLog>('serviceLogs');
  const found = lines.map(({ message }) => Number(message)).toSorted((one, other) => one - other);
  expect(found).toEqual(numbers(BODIES * RECORDS));
});
