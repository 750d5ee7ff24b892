import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type PartitionAnswer, partitionForString } from '@millrace/streams';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../integration/millrace.js';
import { until } from '../../until.js';
import { type Services, startServices, whyNoServices } from '../services.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PARTITIONS = 4;
const WORDS = Array.from({ length: 40 }, (_, i) => `word ${i}`);
const HOUR_MS = 3_600_000;

/** An instance, and a front by which the test has it ask the whole application. */
const INSTANCE = `
  import { createServer } from 'node:http';
  import { Streams, StreamsBuilder, stringSerde, TimeWindows } from './dist/streams/index.js';
  import { KafkaLog } from './dist/streams/log/kafka/kafka-log.js';
  const { applicationId, brokers, stateDirectory, topic } = JSON.parse(process.argv[1]);
  const builder = new StreamsBuilder();
  const words = builder.stream(topic, { key: stringSerde, value: stringSerde, nulls: 'skip' }).groupByKey();
  words.count({ name: 'counts' });
  words.windowedBy(TimeWindows.ofSizeWithNoGrace(${HOUR_MS})).count({ name: 'hours' });
  const log = await KafkaLog.open({ brokers });
  const applicationServer = { host: '127.0.0.1', port: 0, listen: '127.0.0.1', token: 'shared' };
  const streams = new Streams(builder.build(), { applicationId, log, stateDirectory, applicationServer, numStandbyReplicas: 1 });
  await streams.start();
  const answers = async (request) => {
    const { partitions } = await streams.queryAnywhere(request, { deadline: '5s' });
    return Promise.all([...partitions].map(async ([partition, answer]) => {
      if (!answer.isSuccess || request.query.type === 'key') return [partition, answer];
      const entries = [];
      for await (const [key, count] of answer.value) entries.push([String(key), count]);
      return [partition, { ...answer, value: entries }];
    }));
  };
  const front = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    try {
      const asked = JSON.parse(body);
      const answer = asked === null ? streams.metadataForAllStreamsClients() : await answers(asked);
      response.end(JSON.stringify(answer));
    } catch (error) {
      response.statusCode = 503;
      response.end(String(error));
    }
  });
  front.listen(0, '127.0.0.1', () => console.log(front.address().port));
  process.once('SIGTERM', async () => {
    await streams.close();
    await log.close();
    process.exit(0);
  });
`;

interface Instance {
  readonly process: ChildProcess;
  readonly port: number;
}

type Answer = PartitionAnswer<number | null>;
type Entries = PartitionAnswer<readonly (readonly [key: string, count: number])[]>;

const reason = await whyNoServices(['kafka']);

describe.skipIf(reason)('two processes of an application on Kafka', () => {
  let services: Services;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let log: KafkaLog;
  let name: string;
  const instances: Instance[] = [];
  /** By partition, where each transaction ended, and the words in it. */
  let written: { readonly end: number; readonly words: readonly string[] }[][];
  let totals: Map<string, number>;

  beforeAll(async () => {
    services = await startServices(['kafka']);
  }, 60_000);
  afterAll(() => services?.close());
  beforeEach(async () => {
    name = `t${randomUUID()}`;
    directory = await temporaryDirectory();
    log = await KafkaLog.open({ brokers: services.addresses.brokers });
    await log.ensureTopic(`${name}-words`, { partitions: PARTITIONS });
    written = Array.from({ length: PARTITIONS }, () => []);
    totals = new Map(WORDS.map((word) => [word, 0]));
  });
  afterEach(async () => {
    for (const { process } of instances.splice(0)) await end(process, 'SIGKILL');
    await log.close();
    await directory.remove();
  });

  async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  }

  async function start(): Promise<Instance> {
    const stateDirectory = join(directory.path, `state-${instances.length}`);
    const task = { applicationId: name, brokers: services.addresses.brokers, topic: `${name}-words`, stateDirectory };
    const args = ['--input-type=module', '--eval', INSTANCE, JSON.stringify(task)];
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    const instance = { process: child, port: Number(line) };
    instances.push(instance);
    return instance;
  }

  async function ask<T>({ port }: Instance, request: object | null): Promise<T | undefined> {
    const response = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: JSON.stringify(request) });
    return response.ok ? ((await response.json()) as T) : undefined;
  }

  async function countOf(instance: Instance, key: string, bound?: object): Promise<Answer | undefined> {
    const request = { store: 'counts', query: { type: 'key', key }, ...(bound && { bound }) };
    const answers = await ask<[number, Answer][]>(instance, request);
    return answers?.[0]?.[1];
  }

  /** Writes some of the words once more. */
  async function write(round: number): Promise<void> {
    const transaction = log.transaction();
    const byPartition: string[][] = Array.from({ length: PARTITIONS }, () => []);
    for (const [i, word] of WORDS.entries()) {
      if ((i * 7 + round) % 3 === 0) continue;
      const partition = partitionForString(word, PARTITIONS);
      transaction.append(`${name}-words`, partition, round, Buffer.from(word), Buffer.from('x'));
      byPartition[partition]?.push(word);
      totals.set(word, (totals.get(word) ?? 0) + 1);
    }
    const result = await transaction.commit();
    for (const [partition, words] of byPartition.entries()) {
      written[partition]?.push({ end: result.endOffset(`${name}-words`, partition) ?? 0, words });
    }
  }

  /** How often a word is before an offset at least, by what was written. */
  function countBefore(word: string, offset: number): number {
    const transactions = written[partitionForString(word, PARTITIONS)] ?? [];
    return transactions.filter(({ end, words }) => end <= offset && words.includes(word)).length;
  }

  const before = new Map<string, number>();

  /** Asks for every word while records flow. @returns how many were answered, and the failures */
  async function check(asked: readonly Instance[], round: number): Promise<Record<string, number>> {
    const seen: Record<string, number> = {};
    for (const [i, word] of WORDS.entries()) {
      if (i % 4 !== round % 4) continue;
      const answer = await countOf(asked[i % asked.length] as Instance, word);
      const what = answer === undefined ? 'NOTHING' : answer.isSuccess ? 'answered' : answer.failure;
      seen[what] = (seen[what] ?? 0) + 1;
      if (answer?.isSuccess !== true) continue;
      const partition = partitionForString(word, PARTITIONS);
      const count = answer.value ?? 0;
      expect(count).toBeGreaterThanOrEqual(countBefore(word, answer.position[`${name}-words`]?.[partition] ?? 0));
      expect(count).toBeGreaterThanOrEqual(before.get(word) ?? 0);
      expect(count).toBeLessThanOrEqual(totals.get(word) ?? 0);
      before.set(word, count);
    }
    return seen;
  }

  /** Each instance answers, of all that was written, what a plain count gives. */
  async function expectAll(asked: readonly Instance[]): Promise<void> {
    const ends = Object.fromEntries(
      written.map((transactions, partition) => [partition, transactions.at(-1)?.end ?? 0]),
    );
    const bound = { [`${name}-words`]: ends };
    for (const instance of asked) {
      for (const word of WORDS) {
        const answer = await until(async () => {
          const one = await countOf(instance, word, bound);
          return one?.isSuccess === true ? one : undefined;
        });
        expect([word, answer.value]).toEqual([word, totals.get(word)]);
      }
      const all = await ask<[number, Entries][]>(instance, { store: 'counts', query: { type: 'range' }, bound });
      const entries = all?.flatMap(([, answer]) => (answer.isSuccess ? answer.value : []));
      expect(new Map(entries)).toEqual(totals);
      const query = { type: 'window-range', from: 0, to: 0 };
      const hours = await ask<[number, Entries][]>(instance, { store: 'hours', query, bound });
      const windows = hours?.flatMap(([, answer]) => (answer.isSuccess ? answer.value : []));
      expect(new Map(windows)).toEqual(new Map([...totals].map(([word, count]) => [`[${word}@0/${HOUR_MS}]`, count])));
    }
  }

  /** Both have tasks, and know of each other. */
  function shared(asked: readonly Instance[]): Promise<unknown> {
    return until(async () => {
      const told = await Promise.all(
        asked.map((one) => ask<{ activePartitions: Record<string, number[]> }[]>(one, null)),
      );
      const counts = told.map((one) => one?.map(({ activePartitions }) => activePartitions['counts']?.length ?? 0));
      return counts.every((one) => one !== undefined && `${one}` === '2,2');
    });
  }

  it('answer as a plain count does, whichever is asked, while records flow, one is killed and tasks move', async () => {
    before.clear();
    const first = await start();
    const second = await start();
    await shared([first, second]);
    let round = 0;
    const flow = async (asked: readonly Instance[], rounds: number) => {
      let answered = 0;
      for (const last = round + rounds; round < last; round++) {
        await write(round);
        answered += (await check(asked, round))['answered'] ?? 0;
      }
      return answered;
    };
    // Nothing moves: every one is answered.
    expect(await flow([first, second], 12)).toBe(12 * 10);
    await expectAll([first, second]);

    await end(second.process, 'SIGKILL');
    await until(async () => (await flow([first], 1)) === 10, { progress: () => [...before.values()].join() });
    await expectAll([first]);

    // Tasks move to a third, in order, and records go on flowing meanwhile.
    const third = await start();
    let moved = false;
    const sharing = shared([first, third]).then(() => {
      moved = true;
    });
    while (!moved) await flow([first, third], 1);
    await sharing;
    await expectAll([first, third]);

    await end(first.process, 'SIGTERM');
    await until(async () => (await flow([third], 1)) === 10, { progress: () => [...before.values()].join() });
    await expectAll([third]);
  }, 180_000);
});
