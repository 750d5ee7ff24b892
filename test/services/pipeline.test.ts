import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RawTopicWriter } from '../../producer/raw-topic-writer.js';
import { TrafficSimulator } from '../../producer/traffic-simulator.js';
import { ConfluentRegistry } from '../../schemas/confluent-registry.js';
import type { AccessLog } from '../../schemas/records.js';
import { DEFAULT_GOAL_CONFIG } from '../../topology/goals/goal-config.js';
import { type GoalSerdes, registerSerdes } from '../../topology/serdes.js';
import { jsonLines, Millrace, millrace, temporaryDirectory } from '../integration/millrace.js';
import { accessLog, simulated } from '../reference/events.js';
import { expectSameGoals } from '../reference/expect-goals.js';
import { type ReferenceResult, type ReferenceResults, referenceGoals } from '../reference/goals.js';
import { partitioned, readGoals } from '../reference/run-goals.js';
import { until } from '../until.js';
import { type Services, startServices, whyNoServices } from './services.js';

const run = promisify(execFile);

const SERVICES = ['kafka', 'registry', 'connect', 'elasticsearch', 'influxdb'] as const;
const PARTITIONS = 4;
const GRACE_MS = 5000;
const WITHIN_MS = 90_000;
const ACCESS_LOG = fileURLToPath(new URL('../fixtures/access.log.gz', import.meta.url));
const READ_AVRO = fileURLToPath(new URL('read-avro.py', import.meta.url));
/** Entity and size of each goal's windows, as the contract has them. */
const GOALS = {
  goal1: { entity: 'client_ip', sizeMs: 20_000 },
  goal2: { entity: 'host', sizeMs: 30_000 },
  goal3: { entity: 'country', sizeMs: 60_000 },
  goal4: { entity: 'host', sizeMs: 60_000 },
} as const;
type Goal = keyof typeof GOALS;
const GOAL_NAMES = Object.keys(GOALS) as Goal[];

const { topics } = DEFAULT_GOAL_CONFIG;
const reason = await whyNoServices(SERVICES);
const decoder = reason === undefined ? await independentDecoder() : { missing: reason };

/** Python with an Avro implementation that shares nothing with ours, and kcat, which shares nothing with Node. */
async function independentDecoder(): Promise<{ python: string; directory: string } | { missing: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-fastavro-'));
  const python = join(directory, 'bin', 'python');
  try {
    await run('kcat', ['-V']);
    await run('python3', ['-m', 'venv', directory], { timeout: 60_000 });
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'fastavro'], {
      timeout: 60_000,
    });
    return { python, directory };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    const missing = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    console.warn(`no independent decoder, for kcat or fastavro cannot be had here: ${missing}`);
    return { missing };
  }
}

let services: Services;
let log: KafkaLog;
let serdes: GoalSerdes;
let registry: ConfluentRegistry;
let writer: RawTopicWriter;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const processes: Millrace[] = [];
/** All that was written to the raw topic, in its order. */
let written: readonly AccessLog[] = [];
/** What a plain computation finds in it. */
let plain: { readonly events: typeof written; readonly goals: ReturnType<typeof referenceGoals> } | undefined;

function connection(): string[] {
  const { brokers, registryUrl } = services.addresses;
  return ['--brokers', brokers, '--registry', registryUrl, '--data-dir', join(directory.path, 'data')];
}

/** The pipeline as a process of its own. Silence closes no window, so that results depend on the input alone. */
function startPipeline(...args: readonly string[]): Millrace {
  const pipeline = new Millrace(['start', ...connection(), '--pipelines', 'goals', '--idle', '1h', ...args]);
  processes.push(pipeline);
  return pipeline;
}

/** Processes what the raw topic holds, with every window closed. */
async function processToEnd(): Promise<void> {
  const { code, stderr } = await startPipeline('--once').finished;
  expect(code, stderr).toBe(0);
}

function expected(): ReturnType<typeof referenceGoals> {
  if (plain?.events !== written) {
    plain = { events: written, goals: referenceGoals(partitioned(written, PARTITIONS), { graceMs: GRACE_MS }) };
  }
  return plain.goals;
}

async function expectGoalTopics(): Promise<void> {
  const goals = expected();
  const actual = await readGoals(log, DEFAULT_GOAL_CONFIG, serdes);
  expectSameGoals(actual, goals);
  // A window of these is told once.
  expect(actual.records[3]).toBe(goals.goal3.size);
  expect(actual.records[4]).toBe(goals.goal4.size);
}

async function elasticsearch(path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${services.addresses.elasticsearchUrl}/${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  return response.json();
}

async function countOf(index: string): Promise<number> {
  await elasticsearch(`${index}/_refresh`);
  return z
    .object({ count: z.int() })
    .catch({ count: 0 })
    .parse(await elasticsearch(`${index}/_count`)).count;
}

/** Waits until the index has so many documents, and is sure that there are no more. */
async function expectCount(index: string, count: number): Promise<void> {
  await until(async () => (await countOf(index).catch(() => 0)) >= count, {
    progress: () => countOf(index),
    patienceMs: WITHIN_MS,
  });
  expect(await countOf(index), index).toBe(count);
}

const page = z.object({
  _scroll_id: z.string(),
  hits: z.object({ hits: z.array(z.object({ _id: z.string(), _source: z.record(z.string(), z.unknown()) })) }),
});

async function documents(index: string): Promise<Map<string, Record<string, unknown>>> {
  const found = new Map<string, Record<string, unknown>>();
  let answer = page.parse(await elasticsearch(`${index}/_search?scroll=1m`, { size: 5000 }));
  while (answer.hits.hits.length > 0) {
    for (const { _id, _source } of answer.hits.hits) found.set(_id, _source);
    answer = page.parse(await elasticsearch('_search/scroll', { scroll: '1m', scroll_id: answer._scroll_id }));
  }
  return found;
}

const measures = z.object({ count: z.int(), avg_request_time: z.number().optional() });

/** Checks that a value says itself what its key says, and takes what was measured. */
function resultOf(goal: Goal, key: string, value: Readonly<Record<string, unknown>>): ReferenceResult {
  const { entity, sizeMs } = GOALS[goal];
  const { avg_request_time, count } = measures.parse(value);
  const start = Number(value['window_start']);
  expect(key).toBe(`${value[entity]}@${start}`);
  expect(value['window_end']).toBe(start + sizeMs);
  return avg_request_time === undefined ? { count } : { count, avg_request_time };
}

async function expectIndices(): Promise<void> {
  const goals = expected();
  const actual = { goal1: new Map(), goal2: new Map(), goal3: new Map(), goal4: new Map() };
  for (const goal of GOAL_NAMES) {
    await expectCount(topics[goal], goals[goal].size);
    // The last update of a window may come after its first.
    await until(
      async () => {
        const found = await documents(topics[goal]);
        actual[goal] = new Map([...found].map(([id, source]) => [id, resultOf(goal, id, source)]));
        return [...goals[goal]].every(([id, { count }]) => actual[goal].get(id)?.count === count);
      },
      { patienceMs: WITHIN_MS },
    ).catch(() => {});
  }
  expectSameGoals(actual, goals);
}

const influxAnswer = z.object({
  results: z.array(
    z.object({ series: z.array(z.object({ columns: z.array(z.string()), values: z.array(z.array(z.unknown())) })) }),
  ),
});

/** The points of a measurement by `<tag>@<time in ms>`. */
async function points(measurement: 'goal3' | 'goal4'): Promise<ReferenceResults> {
  const query = new URLSearchParams({ db: 'millrace', epoch: 'ms', q: `SELECT * FROM ${measurement}` });
  const response = await fetch(`${services.addresses.influxUrl}/query?${query}`);
  const answer = influxAnswer.catch({ results: [] }).parse(await response.json());
  return new Map(
    answer.results
      .flatMap(({ series }) => series)
      .flatMap(({ columns, values }) =>
        values.map((row) => {
          const point = Object.fromEntries(columns.map((name, index) => [name, row[index]]));
          const { avg_request_time, count } = measures.parse(point);
          const result: ReferenceResult = avg_request_time === undefined ? { count } : { count, avg_request_time };
          return [`${point[GOALS[measurement].entity]}@${point['time']}`, result] as const;
        }),
      ),
  );
}

async function expectPoints(): Promise<void> {
  const goals = expected();
  const actual = { ...goals };
  for (const goal of ['goal3', 'goal4'] as const) {
    let reached = 0;
    actual[goal] = await until(
      async () => {
        const found = await points(goal);
        reached = found.size;
        return found.size >= goals[goal].size ? found : undefined;
      },
      { progress: () => reached, patienceMs: WITHIN_MS },
    );
  }
  expectSameGoals(actual, goals);
}

/** A topic's records as kcat and fastavro tell them: the last of each key. */
async function decodedElsewhere(goal: Goal, python: string): Promise<ReferenceResults> {
  const { brokers, registryUrl } = services.addresses;
  const from = ['-C', '-b', brokers, '-t', topics[goal], '-o', 'beginning', '-e', '-q'];
  const kcat = spawn('kcat', [...from, '-X', 'isolation.level=read_committed', '-f', '%K %S\n%k%s'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const decoding = spawn(python, [READ_AVRO, registryUrl], { stdio: ['pipe', 'pipe', 'pipe'] });
  kcat.stdout.pipe(decoding.stdin);
  const [lines, complaints] = await Promise.all([text(decoding.stdout), text(decoding.stderr)]);
  expect(complaints).toBe('');
  const records = jsonLines<{ key: string; value: Record<string, unknown> }>(lines);
  return new Map(records.map(({ key, value }) => [key, resultOf(goal, key, value)]));
}

describe.skipIf(reason)('from the access log to Elasticsearch and InfluxDB', () => {
  beforeAll(async () => {
    [services, directory] = await Promise.all([startServices(SERVICES), temporaryDirectory()]);
    const { brokers, connectUrl, elasticsearchUrl, influxUrl, registryUrl } = services.addresses;
    const produced = await millrace([
      ...['produce', ...connection(), '--partitions', `${PARTITIONS}`],
      ...['--input', ACCESS_LOG, '--host', 'semicomplete.com', '--server', 'web'],
    ]);
    expect(produced.code, produced.stderr).toBe(0);
    written = await accessLog();
    const applied = await millrace([
      ...['connectors', 'apply', 'elasticsearch-test-inter', 'elasticsearch-goals', 'influxdb-goal3', 'influxdb-goal4'],
      ...['--variant', 'local', '--connect', connectUrl, '--registry', registryUrl],
      ...['--elasticsearch', elasticsearchUrl, '--influxdb', influxUrl],
    ]);
    expect(applied.code, applied.stderr).toBe(0);

    log = await KafkaLog.open({ brokers });
    registry = new ConfluentRegistry({ url: registryUrl });
    serdes = await registerSerdes(registry, topics);
    writer = await RawTopicWriter.create({
      log,
      topic: topics.accessLog,
      deadLetterTopic: topics.deadLetters,
      serde: serdes.accessLog,
    });
    const events = simulated(200_000, 7, 2000);
    for (let start = 0; start < events.length; start += 10_000) await writer.write(events.slice(start, start + 10_000));
    written = [...written, ...events];
    await processToEnd();
  }, 240_000);
  afterAll(async () => {
    for (const process of processes) await process.kill('SIGKILL');
    registry?.close();
    await log?.close();
    await services?.close();
    await directory?.remove();
    if ('directory' in decoder) await rm(decoder.directory, { recursive: true, force: true });
  }, 60_000);

  it("fills the goals' topics with what a plain computation finds", async () => {
    await expectGoalTopics();
  });

  it('puts each request into Elasticsearch once', async () => {
    await expectCount(topics.accessLog, written.length);
  });

  it("keeps the last record of each window in the goals' indices", async () => {
    await expectIndices();
  });

  it('writes a point to InfluxDB for each window of goals 3 and 4', async () => {
    await expectPoints();
  });

  it.skipIf('missing' in decoder)(
    'writes Avro that other implementations read by the schemas of the registry',
    async () => {
      if (!('python' in decoder)) return;
      const actual = { goal1: new Map(), goal2: new Map(), goal3: new Map(), goal4: new Map() };
      for (const goal of GOAL_NAMES) actual[goal] = new Map(await decodedElsewhere(goal, decoder.python));

      expectSameGoals(actual, expected());
    },
  );

  it('loses and doubles nothing while, in turn, each service goes away and comes back', async () => {
    const traffic = new Traffic();
    let pipeline = startPipeline();

    // Connect is killed.
    await traffic.flows(2);
    await services.kill('connect');
    await traffic.flows(3);
    await services.start('connect');
    await traffic.arrives();

    // What it has in its translog alone it reads again when it starts, for minutes on a busy machine.
    await elasticsearch('_flush', {});
    await services.kill('elasticsearch');
    await traffic.flows(20);
    await services.start('elasticsearch');
    await traffic.arrives();

    // Without the registry a pipeline that starts knows no schema, and waits.
    await services.kill('registry');
    await pipeline.kill('SIGKILL');
    pipeline = startPipeline();
    await traffic.flows(20);
    expect(pipeline.process.exitCode).toBeNull();
    await services.start('registry');
    await traffic.arrives();

    await services.kill('kafka');
    await services.start('kafka');
    await traffic.flows(5);
    await traffic.arrives();

    written = [...written, ...(await traffic.end())];
    const stopped = await pipeline.kill('SIGTERM');
    expect(stopped.code, stopped.stderr).toBe(0);
    await processToEnd();
    await expectGoalTopics();
    await expectCount(topics.accessLog, written.length);
    await expectIndices();
    await expectPoints();
  });
});

const rawPartitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: topics.accessLog, partition }));

/** Requests that come at a rate, an hour after those before, until it is ended. */
class Traffic {
  static readonly PER_SECOND = 500;
  static readonly WRITE_EVERY_MS = 100;
  readonly #simulator = new TrafficSimulator({
    seed: 11,
    startMs: Date.UTC(2026, 0, 1, 13),
    eventsPerSecond: 500,
    clients: 2000,
    disorderMs: 2000,
    belowThresholds: false,
  });
  readonly #events: AccessLog[] = [];
  readonly #ending = new AbortController();
  readonly #done = this.#flow();

  /** Waits until so many seconds' requests more are in the raw topic. */
  async flows(seconds: number): Promise<void> {
    const wanted = this.#events.length + seconds * Traffic.PER_SECOND;
    await Promise.race([
      until(() => this.#events.length >= wanted, { progress: () => this.#events.length, patienceMs: WITHIN_MS }),
      this.#done,
    ]);
  }

  /** Waits until Elasticsearch has what was written by now, and the pipeline has processed it. */
  async arrives(): Promise<void> {
    const count = written.length + this.#events.length;
    await until(async () => (await countOf(topics.accessLog).catch(() => 0)) >= count, {
      progress: () => countOf(topics.accessLog),
      patienceMs: WITHIN_MS,
    });
    const ends = await until(() => Promise.all(rawPartitions.map((one) => log.endOffset(one))).catch(() => undefined));
    let processed = 0;
    await until(
      async () => {
        const committed = await Promise.all(rawPartitions.map((one) => log.committed('millrace', one)));
        processed = committed.reduce((sum, one) => sum + (one?.offset ?? 0), 0);
        // A commit's mark stands behind the last record.
        return committed.every((one, partition) => (one?.offset ?? 0) >= (ends[partition] ?? 0) - 1);
      },
      { progress: () => processed, patienceMs: WITHIN_MS },
    );
  }

  async end(): Promise<readonly AccessLog[]> {
    this.#ending.abort();
    await this.#done;
    return this.#events;
  }

  async #flow(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const events = Array.from(
        { length: (Traffic.PER_SECOND * Traffic.WRITE_EVERY_MS) / 1000 },
        () => this.#simulator.next().event,
      );
      await writer.write(events);
      this.#events.push(...events);
      await delay(Traffic.WRITE_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }
}
