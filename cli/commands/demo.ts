import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import colors from 'picocolors';
import { simulateRequests } from '../../app/ingestion/simulations.js';
import { isInterruption } from '../../app/log/interrupted.js';
import { ensureKafkaClient } from '../../app/log/kafka-client.js';
import type { OpenLog } from '../../app/log/open-log.js';
import { prepareTopics } from '../../app/log/topics.js';
import type { Pipeline } from '../../app/pipeline/pipeline.js';
import { runPipeline } from '../../app/pipeline/run-pipeline.js';
import { RawTopicWriter } from '../../producer/raw-topic-writer.js';
import type { ServiceName } from '../../stack/service.js';
import type { Stack, StackAddresses, StackEvent } from '../../stack/stack.js';
import { StackError } from '../../stack/stack-error.js';
import { type ApplicationConfig, DEFAULT_APPLICATION_CONFIG } from '../../topology/application-config.js';
import type { TopicSerdes } from '../../topology/serdes.js';
import { type ConnectionOptions, connect } from '../options/connection.js';
import { positiveNumber, wholeNumber } from '../options/options.js';
import { CountsTable } from '../terminal/demo-table.js';
import { stopOnSignals } from '../terminal/interruption.js';
import { sayNotice } from '../terminal/notice-text.js';
import { print, say } from '../terminal/output.js';
import { number } from '../terminal/quantities.js';
import { SafeText, safe } from '../terminal/safe-text.js';
import { applyFiles } from './connectors.js';
import { behind, Counter, type Counts, GOALS, hasAll, INFLUX_DATABASE, KafkaCounts } from './demo-counts.js';
import { DemoError } from './demo-error.js';
import { addStack, openStack, printProgress, type StackOptions } from './stack.js';

/** What the table counts. */
const CONFIG: ApplicationConfig = { ...DEFAULT_APPLICATION_CONFIG, pipelines: ['goals'] };
const CONNECTORS = ['elasticsearch-test-inter', 'elasticsearch-goals', 'influxdb-goal3', 'influxdb-goal4'];
const PARTITIONS = 4;
const TRAFFIC = { seed: 1, disorderMs: 0, countries: 12, incidents: true };
const PIPELINE = {
  applicationId: 'millrace',
  commitInterval: 100,
  idle: 10_000,
  maxTimeAhead: 86_400_000,
  numStandbyReplicas: 0,
};
/** On empty topics the traffic begins this long ago: goals 3 and 4 have minutes to show at once. */
const PAST_MS = 120_000;
const LINE_MS = 1000;
const SETTLE_POLL_MS = 200;
const CONNECTORS_WITHIN_MS = 30_000;
/** For the sinks to get what is in Kafka, at the end. */
const CATCH_UP_MS = 30_000;
const CATCH_UP_INTERRUPTED_MS = 5000;

interface DemoOptions extends StackOptions {
  readonly rate: number;
  readonly seconds?: number;
  readonly keep?: boolean;
}

/** `millrace demo`: everything at once, on the real services, with the counts that tell whether it works. */
export function demoCommand(program: Command): Command {
  const command = program
    .command('demo')
    .description(
      'start the real services, the connectors, the pipeline and simulated traffic, and print once a ' +
        'second the counts in Kafka, Elasticsearch and InfluxDB; Ctrl-C stops everything that it started',
    )
    .option('--rate <events>', 'requests per second', positiveNumber, 200)
    .option('--seconds <number>', 'stop after this many seconds; exit code 1 if the counts differ then', wholeNumber(1))
    .option('--keep', 'keep the services running at the end');
  return addStack(command).action(demo);
}

async function demo(options: DemoOptions): Promise<void> {
  const stop = new AbortController();
  stopOnInterruption(stop, options);
  const stack = await openStack(options);
  const services = new StartedServices(stack);
  try {
    await ensureKafkaClient();
    await services.up(stop.signal);
    await withConnections(stack.addresses, stop.signal, async (connections) => {
      await applyConnectors(stack.addresses);
      if (!stop.signal.aborted) await run(options, stack.addresses, connections, stop);
    });
  } catch (error) {
    // Told to stop while it waited for a service, it has nothing to say.
    if (!stop.signal.aborted || !(isInterruption(error) || isStackInterruption(error))) throw error;
  } finally {
    await services.end(options);
  }
}

/** The first signal ends it in order; the second at once. */
function stopOnInterruption(stop: AbortController, { directory }: DemoOptions): void {
  stopOnSignals(stop, () => say(safe`services that are not stopped yet go on; ${howToStop(directory)}`));
  // Whoever has closed the terminal, or has read enough, does not want it to go on.
  process.on('SIGHUP', () => stop.abort());
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => stop.abort());
}

/** The stack, and which of its services were not running before. */
class StartedServices {
  readonly #stack: Stack;
  readonly #started = new Set<ServiceName>();

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  async up(signal: AbortSignal): Promise<void> {
    const onProgress = (event: StackEvent): void => {
      if (event.kind === 'starting') this.#started.add(event.service);
      printProgress(event);
    };
    await this.#stack.up(undefined, { onProgress, signal });
  }

  /** Stops what `up` has started, unless it is to be kept. */
  async end({ keep }: DemoOptions): Promise<void> {
    if (keep || this.#started.size === 0) {
      const running = (await this.#stack.status()).some(({ pid }) => pid !== undefined);
      if (running) say(safe`the services go on; ${howToStop(this.#stack.directory)}`);
      return;
    }
    // Kafka last: clients whose broker is away take long to end.
    for (const service of [...this.#started].sort((a, b) => Number(a === 'kafka') - Number(b === 'kafka'))) {
      const startedAt = performance.now();
      await this.#stack.stop(service);
      printProgress({ kind: 'stopped', service, afterMs: performance.now() - startedAt });
    }
  }
}

interface Connections {
  readonly pipeline: OpenLog;
  /** On Kafka one producer has one transaction at a time: what feeds has one of its own. */
  readonly feeding: OpenLog;
  readonly serdes: TopicSerdes;
}

async function withConnections(
  { brokers, registryUrl }: StackAddresses,
  signal: AbortSignal,
  work: (connections: Connections) => Promise<void>,
): Promise<void> {
  // The changelogs keep the state; a directory that outlives the demo could outlive the stack's data as well.
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-demo-'));
  const options: ConnectionOptions = { dataDir, rootDir: dataDir, brokers, registry: registryUrl, autoRegister: true };
  const opened: OpenLog[] = [];
  try {
    const pipeline = await connect(options, { runs: 'tasks' }, signal);
    opened.push(pipeline);
    const feeding = await connect(options, { runs: 'producer' }, signal);
    opened.push(feeding);
    const partitions = (await pipeline.log.partitions(CONFIG.topics.accessLog)) ?? PARTITIONS;
    const serdes = await prepareTopics(pipeline, CONFIG, partitions);
    say(safe`topics and schemas … ready`);
    await work({ pipeline, feeding, serdes });
  } finally {
    for (const connection of opened) await connection.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function applyConnectors({
  connectUrl,
  elasticsearchUrl,
  influxUrl,
  registryUrl,
}: StackAddresses): Promise<void> {
  say(safe`connectors … starting`);
  let running = 0;
  const options = {
    variant: 'local',
    connect: connectUrl,
    elasticsearch: elasticsearchUrl,
    influxdb: influxUrl,
    registry: registryUrl,
    timeout: CONNECTORS_WITHIN_MS,
  } as const;
  await applyFiles(CONNECTORS, options, (what) => {
    if (what.startsWith('connector ')) running++;
  });
  say(safe`connectors … ${running} running`);
}

async function run(
  { rate, seconds }: DemoOptions,
  addresses: StackAddresses,
  { feeding, pipeline: connection, serdes }: Connections,
  stop: AbortController,
): Promise<void> {
  const { topics } = CONFIG;
  const kafka = await KafkaCounts.open(connection.log, topics, stop.signal);
  const writer = await RawTopicWriter.create({
    log: feeding.log,
    topic: topics.accessLog,
    deadLetterTopic: topics.deadLetters,
    serde: serdes.accessLog,
  });
  const pipeline = await runPipeline({
    ...{ data: connection, config: CONFIG, serdes, options: PIPELINE },
    onFailure: () => stop.abort(),
    onNotice: sayNotice,
  });
  const counter = new Counter(kafka, pipeline, addresses, topics);
  const table = new CountsTable(print, process.stdout.columns);
  const end = new AbortController();
  stop.signal.addEventListener('abort', () => end.abort());
  if (stop.signal.aborted) end.abort();
  const timer = seconds === undefined ? undefined : setTimeout(() => end.abort(), seconds * 1000);
  try {
    for (const line of whereToLook(addresses)) print(SafeText.of(line));
    const fed = simulateRequests({ ...TRAFFIC, rate, pastMs: kafka.requests === 0 ? PAST_MS : 0 }, writer, end.signal);
    // It is thrown where it is waited for.
    fed.catch(() => stop.abort());
    while (!end.signal.aborted) {
      const nextAt = Date.now() + LINE_MS;
      table.add(await counter.count());
      await delay(Math.max(0, nextAt - Date.now()), undefined, { signal: end.signal }).catch(() => {});
    }
    await fed;
    const withinMs = stop.signal.aborted ? CATCH_UP_INTERRUPTED_MS : CATCH_UP_MS;
    const last = await untilSettled(pipeline, counter, table, withinMs);
    for (const line of summary(kafka, last)) print(line);
    if (!stop.signal.aborted && !hasAll(last))
      throw new DemoError(`after ${withinMs / 1000} s without traffic the counts still differ`);
  } finally {
    clearTimeout(timer);
    await closed(pipeline);
    await kafka.close();
  }
}

/** Ends the pipeline; told to stop while it asked for a schema it ends all the same, and the counts stand. */
async function closed(pipeline: Pipeline): Promise<void> {
  await pipeline.close().catch((error: unknown) => {
    if (!isInterruption(error)) throw error;
  });
}

/** Lets the pipeline process what there is and end, and the sinks get what has come of it. */
async function untilSettled(
  pipeline: Pipeline,
  counter: Counter,
  table: CountsTable,
  withinMs: number,
): Promise<Counts> {
  const until = Date.now() + withinMs;
  let closing = false;
  for (let lineAt = Date.now() + LINE_MS; ; await delay(SETTLE_POLL_MS)) {
    const counts = await counter.count();
    const over = Date.now() > until;
    if ((counts.pipelineLag === 0 || over) && !closing) {
      closing = true;
      // Its last commit may hold results; only after it are the counts in Kafka final.
      await closed(pipeline);
      continue;
    }
    if (over || (closing && hasAll(counts))) {
      table.add(counts);
      return counts;
    }
    if (Date.now() < lineAt) continue;
    table.add(counts);
    lineAt += LINE_MS;
  }
}

function summary({ requests, results, windows }: KafkaCounts, last: Counts): SafeText[] {
  const goals = GOALS.map((goal) => {
    const updates = results[goal] === windows[goal] ? '' : ` (${number(results[goal])} records)`;
    return `goal ${goal} ${number(windows[goal])}${updates}`;
  });
  const missing = Object.entries(behind(last))
    .filter(([, count]) => count !== 0)
    .map(([sink, count]) => (count === undefined ? `${sink} does not answer` : `${sink} lacks ${number(count)}`));
  return [
    SafeText.empty,
    safe`in Kafka: ${number(requests)} requests; windows: ${goals.join(', ')}`,
    missing.length === 0
      ? safe`Elasticsearch and InfluxDB have all of them`.with(colors.green)
      : safe`${missing.join(', ')}; what is missing comes as soon as the services run`.with(colors.yellow),
  ];
}

function whereToLook({ brokers, connectUrl, elasticsearchUrl, influxUrl, registryUrl }: StackAddresses): string[] {
  const search = (index: string) => `${elasticsearchUrl}/${index}/_search?sort=@timestamp:desc&size=3&pretty`;
  const query = new URLSearchParams({
    db: INFLUX_DATABASE,
    q: 'SELECT * FROM goal4 ORDER BY time DESC LIMIT 5',
    pretty: 'true',
  });
  return [
    '',
    'look at',
    `  requests       ${search('test-inter')}`,
    `  alerts         ${search('goal1-topic,goal2-topic')}`,
    `  slow hosts     ${influxUrl}/query?${query}`,
    `  connectors     ${connectUrl}/connectors?expand=status`,
    `  schemas        ${registryUrl}/subjects`,
    `  Kafka          millrace consume goal1-topic --brokers ${brokers} --registry ${registryUrl}`,
  ];
}

function howToStop(directory: string): string {
  return `"millrace stack down --directory ${directory}" stops them`;
}

function isStackInterruption(error: unknown): boolean {
  return error instanceof StackError && error.code === 'INTERRUPTED';
}
