/**
 * How fast OpenTelemetry's log records come in: `npm run bench:otlp`. A record has five attributes and a trace. `read` makes
 * events of protobuf bodies; `take` also writes them to an embedded log, each body durable before it is answered, with
 * four senders at a time.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedLog } from '@millrace/streams/embedded';
import protobuf from 'protobufjs/minimal.js';
import { eventIntakeFor } from '../app/ingestion/line-reading.js';
import { rawWriterFor } from '../app/ingestion/raw-writer.js';
import { LogSink } from '../producer/network/log-sink.js';
import { OtlpEndpoint } from '../producer/network/over-http/otlp-endpoint.js';
import type { Sink } from '../producer/network/sink.js';
import { SchemaDirectory } from '../schemas/schema-directory.js';
import { DEFAULT_APPLICATION_CONFIG, topicsOf } from '../topology/application-config.js';
import { registerSerdes, type TopicSerdes } from '../topology/serdes.js';

const BODIES = 200;
const RECORDS = 2_000;
const SENDERS = 4;
const READING = { format: 'auto', host: 'unknown', server: 'unknown', excludedPaths: [] };
const { Writer } = protobuf;

type Writing = ReturnType<typeof Writer.create>;

function attribute(writer: Writing, field: number, key: string, value: string | number): void {
  writer.uint32((field << 3) | 2).fork();
  writer.uint32(0x0a).string(key).uint32(0x12).fork();
  if (typeof value === 'string') writer.uint32(0x0a).string(value);
  else writer.uint32(0x18).int64(value);
  writer.ldelim().ldelim();
}

function body(seed: number): Buffer {
  const writer = Writer.create();
  writer.uint32(0x0a).fork();
  writer.uint32(0x0a).fork();
  attribute(writer, 1, 'service.name', `service-${seed % 8}`);
  attribute(writer, 1, 'service.instance.id', `instance-${seed % 32}`);
  writer.ldelim();
  writer.uint32(0x12).fork();
  const nanoseconds = BigInt(Date.now()) * 1_000_000n;
  for (let number = 0; number < RECORDS; number++) {
    const time = nanoseconds + BigInt(number);
    writer.uint32(0x12).fork();
    writer
      .uint32(0x09)
      .fixed32(Number(time & 0xffff_ffffn))
      .fixed32(Number(time >> 32n));
    writer.uint32(0x10).int32(number % 20 === 0 ? 17 : 9);
    writer.uint32(0x2a).fork().uint32(0x0a).string(`request ${seed}-${number} was handled`).ldelim();
    attribute(writer, 6, 'http.route', `/api/v1/things/${number % 40}`);
    attribute(writer, 6, 'http.request.method', 'GET');
    attribute(writer, 6, 'http.response.status_code', 200);
    attribute(writer, 6, 'user.id', `user-${number}`);
    attribute(writer, 6, 'thread.name', 'worker-3');
    writer.uint32(0x4a).bytes(Buffer.alloc(16, number)).uint32(0x52).bytes(Buffer.alloc(8, number));
    writer.ldelim();
  }
  return Buffer.from(writer.ldelim().ldelim().finish());
}

interface Rate {
  readonly perSecond: number;
  /** Of the processor's time: what a busy machine does not change. */
  readonly perCpuSecond: number;
}

async function rate(sink: Sink): Promise<Rate> {
  const endpoint = new OtlpEndpoint(eventIntakeFor(READING), sink);
  const bodies = Array.from({ length: BODIES }, (_, seed) => body(seed));
  const headers = { 'content-type': 'application/x-protobuf' };
  let next = 0;
  const send = async () => {
    for (let sent = bodies[next++]; sent !== undefined; sent = bodies[next++]) {
      const bytes = sent;
      const call = { method: 'POST', path: '/v1/logs', query: new URLSearchParams(), headers, body: async () => bytes };
      const answer = await endpoint.answer(call);
      if (answer.status !== 200 || answer.body.length > 0) throw new Error('a record was refused');
    }
  };
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  await Promise.all(Array.from({ length: SENDERS }, send));
  const { system, user } = process.cpuUsage(cpuBefore);
  const records = BODIES * RECORDS;
  return {
    perSecond: records / ((performance.now() - startedAt) / 1000),
    perCpuSecond: records / ((system + user) / 1e6),
  };
}

async function takenRate(): Promise<Rate> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const config = DEFAULT_APPLICATION_CONFIG;
  const log = await EmbeddedLog.open({ directory: join(directory, 'log') });
  try {
    const topics = topicsOf(config);
    for (const topic of Object.values(topics)) await log.ensureTopic(topic, { partitions: 1 });
    const schemas = new SchemaDirectory(join(directory, 'schemas.json'));
    const serdes = (await registerSerdes(schemas, topics)) as TopicSerdes;
    const sink = await LogSink.open(log, await rawWriterFor({ data: { log }, config, serdes }));
    const found = await rate(sink);
    await sink.close();
    return found;
  } finally {
    await log.close();
    await rm(directory, { recursive: true });
  }
}

const nowhere: Sink = { take: async () => {}, room: async () => {} };
await rate(nowhere);
for (const [name, found] of [
  ['read', await rate(nowhere)],
  ['take', await takenRate()],
] as const) {
  const [perSecond, perCpuSecond] = [found.perSecond, found.perCpuSecond].map((one) =>
    Math.round(one).toLocaleString('en'),
  );
  console.log(`${name}: ${perSecond} log records/s, ${perCpuSecond} a second of processor time`);
}
