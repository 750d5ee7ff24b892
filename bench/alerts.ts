/**
 * How soon a webhook is called once an incident is in the log: `npm run bench:alerts`. Incidents are written one after the
 * other to a log on the disk, as the pipeline does, and told as `start --webhook` tells them, each in a call of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { RecordDecoder } from '../app/results/record-decoder.js';
import { webhookFile } from '../notify/config.js';
import { NotifyService } from '../notify/notify-service.js';
import { Secrets } from '../notify/secrets.js';
import type { Incident } from '../schemas/records.js';
import { SchemaDirectory } from '../schemas/schema-directory.js';
import { DEFAULT_TOPICS } from '../schemas/topics.js';
import { registerSerdes } from '../topology/serdes.js';

const { values } = parseArgs({
  options: {
    incidents: { type: 'string', default: '1000' },
    rate: { type: 'string', default: '50' },
  },
});
const incidents = Number(values.incidents);
const rate = Number(values.rate);

const topic = DEFAULT_TOPICS.incidents;
const directory = mkdtempSync(join(tmpdir(), 'millrace-alerts-'));
const log = await EmbeddedLog.open({ directory: join(directory, 'log') });
await log.ensureTopic(topic, { partitions: 1 });
const schemas = new SchemaDirectory(join(directory, 'schemas.json'));
const serdes = await registerSerdes(schemas, { incidents: topic });

const writtenAt = new Map<string, number>();
const took = new Map<string, number>();
const receiver = createServer((request, response) => {
  const at = performance.now();
  let body = '';
  request.setEncoding('utf8').on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    response.end('ok');
    const { data } = JSON.parse(body) as { readonly data: { readonly incidents: readonly { readonly id: string }[] } };
    for (const { id } of data.incidents) if (!took.has(id)) took.set(id, at - (writtenAt.get(id) ?? Number.NaN));
  });
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;

const notify = await NotifyService.start({
  ...{ log, decoder: new RecordDecoder(schemas), incidentsTopic: topic, file: webhookFile(url) },
  ...{ secrets: Secrets.of(join(directory, 'notify.key')), onProblem: (message) => console.error(message) },
});

const startedAt = performance.now();
for (let i = 0; i < incidents; i++) {
  await delay(Math.max(0, startedAt + (i * 1000) / rate - performance.now()));
  const now = Date.now();
  const id = `service/service-${i}/${now}`;
  const incident: Incident = {
    ...{ id, source_kind: 'service', scope: `service-${i}`, state: 'opened', severity: 'warning' },
    ...{ opened: now, updated: now, resolved: null, alerts: 1, detectors: ['latency'], entities: ['checkout'] },
    summary: 'checkout answers slowly',
  };
  const transaction = log.transaction();
  transaction.append(topic, 0, now, Buffer.from(id), serdes.incidents.serialize(topic, incident));
  writtenAt.set(id, performance.now());
  await transaction.commit();
}
const deadline = performance.now() + 60_000;
while (took.size < incidents && performance.now() < deadline) await delay(50);
await notify.close();
receiver.close();
await log.close();
rmSync(directory, { recursive: true });

const sorted = [...took.values()].sort((one, other) => one - other);
const quantile = (share: number) => Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN);
console.log(
  `${took.size} of ${incidents} incidents told, ${rate}/s: from the write of the record to the call of the webhook ` +
    `p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms, at most ${quantile(1)} ms`,
);
if (took.size < incidents) process.exitCode = 1;
