import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ingest } from '../../app/ingestion/ingest.js';
import { besideSources } from '../../app/ingestion/own-topics.js';
import type { NetworkSource } from '../../app/ingestion/source.js';
import { newWriterMetrics } from '../../producer/raw-topic-writer.js';
import { SchemaDirectory } from '../../schemas/schema-directory.js';
import { DEFAULT_APPLICATION_CONFIG, topicsOf } from '../../topology/application-config.js';
import { registerSerdes, type TopicSerdes } from '../../topology/serdes.js';
import { temporaryDirectory } from './millrace.js';

const LINES = 2_000;
const WITHIN_MS = 20_000;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeEach(async () => {
  directory = await temporaryDirectory();
});

afterEach(() => directory.remove());

function line(number: number): string {
  return `203.0.113.${number % 250} - - [17/May/2015:10:05:03 +0000] "GET /${number} HTTP/1.1" 200 ${number}`;
}

async function opened(sources: readonly string[] = []) {
  const config = besideSources(DEFAULT_APPLICATION_CONFIG, sources);
  const log = await EmbeddedLog.open({ directory: join(directory.path, 'log') });
  const topics = topicsOf(config);
  for (const topic of Object.values(topics)) await log.ensureTopic(topic, { partitions: 2 });
  const schemas = new SchemaDirectory(join(directory.path, 'schemas.json'));
  const serdes = (await registerSerdes(schemas, topics)) as TopicSerdes;
  return { config, data: { log, schemas, stateDirectory: join(directory.path, 'state') }, serdes };
}

type Opened = Awaited<ReturnType<typeof opened>>;

/** Takes the source's events while `send` does, and until there are so many. */
async function ingested(
  { config, data, serdes }: Opened,
  source: Partial<NetworkSource>,
  count: number,
  send: () => Promise<void>,
): Promise<ReturnType<typeof newWriterMetrics>> {
  const stop = new AbortController();
  const metrics = newWriterMetrics();
  const reading = { format: 'auto', host: 'unknown', server: 'unknown', excludedPaths: [] };
  const ending = ingest(
    { kind: 'network', topics: [], syslog: [], mqtt: [], ...reading, ...source },
    { config, data, serdes, metrics, signal: stop.signal, onNotice: () => {}, applicationId: 'test', once: false },
  );
  await Promise.race([ending, send()]);
  const deadline = Date.now() + WITHIN_MS;
  while (metrics.events + metrics.refused.total < count && Date.now() < deadline) await delay(20);
  stop.abort();
  await ending;
  return metrics;
}

/** What the responses' sizes say: each line has one of its own. */
async function linesIn({ config, data, serdes }: Opened): Promise<number[]> {
  const topic = config.topics.accessLog;
  const found: number[] = [];
  for (let partition = 0; partition < 2; partition++) {
    const end = await data.log.endOffset({ topic, partition });
    const consumer = data.log.consumer();
    consumer.assign({ topic, partition }, 0);
    for (let next = 0; next < end; ) {
      for (const cursor of await consumer.poll(1000)) {
        while (cursor.next()) {
          const { bytes } = serdes.accessLog.deserialize(topic, cursor.valueBytes, cursor.valueStart, cursor.valueEnd);
          found.push(bytes ?? -1);
        }
        next = cursor.nextOffset;
      }
    }
    await consumer.close();
  }
  return found.sort((one, other) => one - other);
}

const ALL = Array.from({ length: LINES }, (_, number) => number);

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

async function connected(port: number) {
  for (let tried = 0; ; tried++) {
    const socket = connect(port, '127.0.0.1');
    const outcome = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    if (outcome) return socket;
    if (tried > 500) throw new Error('nobody listens');
    await delay(10);
  }
}

it('each message that comes over TCP is written once, in both framings, from several senders at a time', async () => {
  const running = await opened();
  const port = await freePort();
  const metrics = await ingested(
    running,
    { syslog: [{ protocol: 'tcp', host: '127.0.0.1', port }] },
    LINES,
    async () => {
      const sockets = await Promise.all([connected(port), connected(port), connected(port)]);
      for (const number of ALL) {
        const message = line(number);
        const isCounted = number % 3 === 0;
        // A message that is counted begins as syslog does; `auto` reads what it wraps.
        const counted = `<134>May 17 10:05:03 web nginx: ${message}`;
        sockets[number % 3]?.write(isCounted ? `${counted.length} ${counted}` : `${message}\n`);
      }
      for (const socket of sockets) socket.end();
    },
  );
  expect(metrics.events).toBe(LINES);
  expect(await linesIn(running)).toEqual(ALL);
  await running.data.log.close();
});

it('each datagram is a message', async () => {
  const running = await opened();
  const port = await freePort();
  await ingested(running, { syslog: [{ protocol: 'udp', host: '127.0.0.1', port }] }, 200, async () => {
    // Until it listens datagrams are lost: a refused one is sent until it is heard.
    const socket = createSocket('udp4');
    await delay(500);
    for (let number = 0; number < 200; number++) {
      await new Promise((resolve) => socket.send(`${line(number)}\n`, port, '127.0.0.1', resolve));
    }
    socket.close();
  });
  expect(await linesIn(running)).toEqual(ALL.slice(0, 200));
  await running.data.log.close();
});

it('a topic that others fill is read once, goes on where it was left, and may have the name of one of ours', async () => {
  const running = await opened(['test-inter']);
  const { log } = running.data;
  await log.ensureTopic('test-inter', { partitions: 3 });
  const append = async (from: number, to: number) => {
    const transaction = log.transaction();
    for (let number = from; number < to; number++) {
      const value = JSON.stringify({
        ...{
          server: 's_v1',
          client_ip: `154.85.126.${number % 250}`,
          method: 'GET',
          status: '200',
          request_time: '0.31',
        },
        ...{ host: 'api_1.example.com', country: 'FR', '@timestamp': '1431857103.123', bytes: String(number) },
      });
      transaction.append('test-inter', number % 3, Date.now(), null, Buffer.from(value));
    }
    await transaction.commit();
  };
  await append(0, 1_000);
  const source = { topics: [{ topic: 'test-inter', format: 'auto' }] };
  await ingested(running, source, 1_000, async () => {});
  const metrics = await ingested(running, source, 1_000, () => append(1_000, LINES));
  expect(metrics.events).toBe(1_000);
  expect(running.config.topics.accessLog).toBe('test-inter-events');
  expect(await linesIn(running)).toEqual(ALL);
  await log.close();
});
