import { randomUUID } from 'node:crypto';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import kafka from '@confluentinc/kafka-javascript';
import { jsonSerde } from '@millrace/streams';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LogBatch, readLogs } from '../../../producer/log-source.js';
import { POSITIONS_TOPIC } from '../../../producer/positions-watch.js';
import { ProducerError } from '../../../producer/producer-error.js';
import { RawTopicWriter } from '../../../producer/raw-topic-writer.js';
import type { AccessLog } from '../../../schemas/records.js';
import { call } from '../../../streams/log/kafka/kafka-call.js';
import { DEFAULT_GOAL_CONFIG } from '../../../topology/goals/goal-config.js';
import { type Finished, Millrace, temporaryDirectory } from '../../integration/millrace.js';
import { clients, combinedLines, sourceOptions } from '../../unit/producer/log-inputs.js';
import { until } from '../../until.js';
import { type Services, startServices, whyNoServices } from '../services.js';

const reason = await whyNoServices(['kafka', 'registry']);
const IN_USE = /another process reads .* into the same log/;

describe.skipIf(reason)('two processes that read one input into Kafka', () => {
  let services: Services;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let logs: KafkaLog[];
  let reading: AsyncGenerator<LogBatch>[];
  let topic: string;
  let input: string;
  /** Each test's lines begin there, for a text is known by what it holds. */
  let from = -5000;

  beforeAll(async () => {
    services = await startServices(['kafka', 'registry']);
  }, 90_000);
  afterAll(() => services?.close());
  beforeEach(async ({ onTestFinished }) => {
    directory = await temporaryDirectory();
    logs = [];
    reading = [];
    topic = `raw-${randomUUID()}`;
    input = join(directory.path, 'access.log');
    from += 5000;
    const log = await open();
    for (const name of [topic, `${topic}-dlq`]) await log.ensureTopic(name, { partitions: 1 });
    onTestFinished(async () => {
      for (const batches of reading) await batches.return(undefined);
      for (const one of logs) await one.close();
      await directory.remove();
    });
  });

  async function open(): Promise<KafkaLog> {
    const log = await KafkaLog.open({ brokers: services.addresses.brokers, say: () => {} });
    logs.push(log);
    return log;
  }

  /** One of the processes, in a step-by-step form: its writer, and the batches that it has read already or is to read. */
  async function reader(path: string): Promise<{ log: KafkaLog; next(): Promise<void>; rest(): Promise<void> }> {
    const log = await open();
    await log.partitions(topic);
    const serde = jsonSerde<AccessLog>();
    const writer = await RawTopicWriter.create({
      ...{ log, topic, serde, deadLetterTopic: `${topic}-dlq` },
      inputs: [path],
    });
    const begin = () => {
      const batches = readLogs(sourceOptions(path, { positions: writer.positions, batchLines: 50 }));
      reading.push(batches);
      return batches;
    };
    let batches = begin();
    const next = async (): Promise<LogBatch | undefined> => {
      const { done, value } = await batches.next();
      if (done) return undefined;
      try {
        await writer.writeBatch(value);
      } catch (error) {
        if (!(error instanceof ProducerError && error.code === 'INPUT_MOVED')) throw error;
        batches = begin();
      }
      return value;
    };
    return {
      log,
      next: async () => {
        if ((await next()) === undefined) throw new Error('the input has ended');
      },
      rest: async () => {
        while ((await next()) !== undefined);
        await writer.settle();
      },
    };
  }

  /** One that is late enough finds nothing left to read, and ends well, too. */
  function expectOthersShutOut(outcomes: readonly PromiseSettledResult<void>[]): void {
    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'INPUT_IN_USE' });
    }
  }

  /** A process that is killed in a commit leaves this behind, among the positions, too. */
  async function openTransaction(transactionalId: string): Promise<kafka.Producer> {
    const producer = new kafka.Producer({
      'bootstrap.servers': services.addresses.brokers,
      'transactional.id': transactionalId,
      'transaction.timeout.ms': 60_000,
    });
    await call((done) => producer.connect({}, done));
    await call((done) => producer.initTransactions(10_000, done));
    await call((done) => producer.beginTransaction(done));
    for (const to of [topic, POSITIONS_TOPIC]) {
      producer.produce(to, 0, Buffer.from('{"client_ip":"never"}'), Buffer.from('never'));
    }
    await call((done) => producer.flush(10_000, done));
    return producer;
  }

  /** The clients of the requests that consumers of committed records see, in order. */
  async function written(source = topic, decode = (text: string) => (JSON.parse(text) as AccessLog).client_ip) {
    const log = await open();
    const found: string[] = [];
    const partitions = (await log.partitions(source)) ?? 0;
    for (let partition = 0; partition < partitions; partition++) {
      const consumer = log.consumer();
      let at = 0;
      const end = await log.endOffset({ topic: source, partition }, { settled: true });
      consumer.assign({ topic: source, partition }, at);
      while (at < end) {
        for (const cursor of await consumer.poll(500)) {
          while (cursor.next()) {
            const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = cursor;
            const isOwn = source === topic;
            found.push(
              isOwn
                ? decode(valueBytes.toString('utf8', valueStart, valueEnd))
                : keyBytes.toString('utf8', keyStart, keyEnd),
            );
          }
          at = cursor.nextOffset;
        }
      }
      await consumer.close();
    }
    return found;
  }

  it('the second goes on where the first has come to, and shuts it out before it writes anything', async () => {
    await writeFile(input, combinedLines(from, from + 200));
    const first = await reader(input);
    await first.next();

    const second = await reader(input);
    await expect(first.next()).rejects.toMatchObject({ code: 'INPUT_IN_USE' });
    await second.rest();

    expect(await written()).toEqual(clients(from, from + 200));
  });

  it('of three that start at the same time, each writes only what no other has written', async () => {
    await writeFile(input, combinedLines(from, from + 200));
    const run = async () => (await reader(input)).rest();

    const outcomes = await Promise.allSettled([run(), run(), run()]);

    expectOthersShutOut(outcomes);
    expect(await written()).toEqual(clients(from, from + 200));
  });

  it('an input is the same under another name, as soon as it is long enough to be known by what it holds', async () => {
    await writeFile(input, combinedLines(from, from + 200));
    const other = join(directory.path, 'the-same.log');
    await copyFile(input, other);
    const first = await reader(input);
    const second = await reader(other);
    await first.next();

    const outcomes = await Promise.allSettled([second.rest(), first.rest()]);

    expectOthersShutOut(outcomes);
    expect(await written()).toEqual(clients(from, from + 200));
  });

  it('one whose transactions were ended by something else goes on, and writes each line once', async () => {
    await writeFile(input, combinedLines(from, from + 200));
    const first = await reader(input);
    await first.next();
    await logs[0]?.sessions?.shutOut(first.log.transactionalId);
    await first.rest();

    expect(await written()).toEqual(clients(from, from + 200));
  });

  it('readers of different inputs leave each other alone', async () => {
    const inputs = [0, 1, 2].map((n) => join(directory.path, `site${n}.log`));
    for (const [n, path] of inputs.entries())
      await writeFile(path, combinedLines(from + 1000 * n, from + 1000 * n + 200));
    const readers = await Promise.all(inputs.map(reader));

    await Promise.all(readers.map((one) => one.rest()));

    const expected = [0, 1, 2].flatMap((n) => clients(from + 1000 * n, from + 1000 * n + 200));
    expect((await written()).sort()).toEqual(expected.sort());
  });

  it('leave no claim behind when they have come to the end, and one that follows a killed one takes over at once', async () => {
    await writeFile(input, combinedLines(from, from + 200));
    const killed = await reader(input);
    await killed.next();
    const leftOpen = await openTransaction(killed.log.transactionalId);

    const startedAt = performance.now();
    const next = await reader(input);
    await next.rest();
    // The broker would end the transaction after a minute.
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    await call((done) => leftOpen.disconnect(done)).catch(() => {});

    expect(await written()).toEqual(clients(from, from + 200));
    const log = logs[0] as KafkaLog;
    const claims = new Map<string, boolean>();
    const consumer = log.consumer();
    const positions = { topic: POSITIONS_TOPIC, partition: 0 };
    const end = await log.endOffset(positions, { settled: true });
    let at = 0;
    consumer.assign(positions, at);
    while (at < end) {
      for (const cursor of await consumer.poll(500)) {
        while (cursor.next()) {
          const key = cursor.keyBytes.toString('utf8', cursor.keyStart, cursor.keyEnd);
          const value =
            cursor.valueStart < 0 ? '' : cursor.valueBytes.toString('utf8', cursor.valueStart, cursor.valueEnd);
          if (key.startsWith('reader:')) claims.set(key, value.includes(directory.path));
        }
        at = cursor.nextOffset;
      }
    }
    expect([...claims.values()].filter((isOurs) => isOurs)).toHaveLength(0);
  });

  it('as programs that start at the same time, write each line once, and one that is shut out says why', async () => {
    const lines = 30_000;
    await writeFile(input, combinedLines(from, from + lines));
    const { brokers, registryUrl } = services.addresses;
    const produce = (name: string) =>
      new Millrace([
        ...['produce', '--brokers', brokers, '--registry', registryUrl, '--input', input],
        ...['--data-dir', join(directory.path, name), '--partitions', '2'],
      ]);
    const both = [produce('one'), produce('two')];
    const finished: Finished[] = await Promise.all(both.map((one) => one.finished));

    const { accessLog } = DEFAULT_GOAL_CONFIG.topics;
    const keys = await until(async () => {
      const found = await written(accessLog);
      return found.length >= lines ? found : undefined;
    });
    // One that is late enough finds nothing left to read.
    expect(
      finished.some(({ code }) => code === 0),
      finished.map(({ stderr }) => stderr).join('\n'),
    ).toBe(true);
    for (const { code, stderr } of finished) if (code !== 0) expect(stderr).toMatch(IN_USE);
    expect(keys.sort()).toEqual(clients(from, from + lines).sort());
    expect(await readFile(input, 'utf8')).toBe(combinedLines(from, from + lines));
  });
});
