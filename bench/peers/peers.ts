/**
 * The four goals in Millrace, Kafka Streams, Flink and Spark, over the same raw topic on the same broker, one at a time:
 * `npm run bench:peers`. README.md says how each is set up, and what is measured.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfluentRegistry } from '../../schemas/confluent-registry.js';
import { topicSchema, valueSubject } from '../../schemas/subjects.js';
import { defaultCacheDirectory } from '../../stack/downloads.js';
import { freePorts } from '../../stack/ports.js';
import { Stack } from '../../stack/stack.js';
import { StackError } from '../../stack/stack-error.js';
import { KafkaLog } from '../../streams/log/kafka/kafka-log.js';
import { referenceGoals } from '../../test/reference/goals.js';
import { partitioned, readGoals } from '../../test/reference/run-goals.js';
import { DEFAULT_GOAL_CONFIG } from '../../topology/goal-config.js';
import { type GoalSerdes, registerSerdes } from '../../topology/serdes.js';
import { Broker } from './broker.js';
import { flink } from './flink/peer.js';
import { kafkaStreams } from './kafka-streams/peer.js';
import { MeasuredRun, RunError, runToEnd, type Surroundings } from './measured-run.js';
import { millrace } from './millrace/peer.js';
import { compareGoals, type GoalResults, lost } from './outputs.js';
import type { Peer, Setup, Workplace } from './peer.js';
import { createResultTopics, PARTITIONS, simulate, writeRawTopic } from './raw-topic.js';
import { jsonReport, type Run, tableReport } from './report.js';
import { spark } from './spark/peer.js';

const PEERS: readonly Peer[] = [millrace, kafkaStreams, flink, spark];
const GRACE_MS = 5000;
const TIMEOUT_MS = 30 * 60_000;

const { topics } = DEFAULT_GOAL_CONFIG;
const RESULT_TOPICS = [topics.goal1, topics.goal2, topics.goal3, topics.goal4];

const say = (text: string) => process.stderr.write(`${text}\n`);

interface Options {
  readonly events: number;
  readonly rounds: number;
  readonly only: readonly string[];
  /** Setups whose name does not contain it are left out. */
  readonly setup: string;
  readonly out: string | undefined;
}

async function schemaIds(registry: ConfluentRegistry): Promise<Workplace['schemaIds']> {
  const id = (goal: 1 | 2 | 3 | 4) => {
    const { schema, ...options } = topicSchema(`goal${goal}`);
    return registry.register(valueSubject(topics[`goal${goal}`]), schema, options);
  };
  return { 1: await id(1), 2: await id(2), 3: await id(3), 4: await id(4) };
}

/** What the peers that can be had here are to be measured with. */
async function prepare({ only, setup: wanted }: Options, place: Workplace): Promise<Setup[]> {
  const setups: Setup[] = [];
  for (const peer of PEERS) {
    if (!only.includes(peer.name)) continue;
    try {
      setups.push(...(await peer.prepare(place)).filter(({ name }) => name.includes(wanted)));
    } catch (error) {
      if (!(error instanceof StackError)) throw error;
      say(`${peer.name} is left out: ${error.message}`);
    }
  }
  return setups;
}

/** One run, on topics that are made for it and deleted after it. */
async function measure(
  setup: Setup,
  round: number,
  application: string,
  place: Workplace,
  around: Surroundings,
  serdes: GoalSerdes,
  expected: GoalResults,
): Promise<Run> {
  const directory = join(place.directory, application);
  await mkdir(directory);
  const start = { application, directory };
  try {
    await createResultTopics(place.brokers, RESULT_TOPICS);
    const figures = await MeasuredRun.of(setup, start, around);
    if (setup.closeWindows !== undefined) await runToEnd(setup.closeWindows(start), directory);
    const log = await KafkaLog.open({ brokers: place.brokers });
    const results = await readGoals(log, DEFAULT_GOAL_CONFIG, serdes);
    await log.close();
    const goals = compareGoals(setup.goals, results, expected);
    return { peer: setup.peer, setup: setup.name, round, figures, goals };
  } finally {
    const made = [...(await around.broker.topics()).keys()].filter((topic) => !around.otherTopics.has(topic));
    await around.broker.deleteTopics(made);
    await rm(directory, { recursive: true, force: true });
  }
}

function machine(): unknown {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString(),
    cores: cpus().length,
    cpu: cpu?.model,
    memoryMegabytes: Math.round(totalmem() / 1e6),
    node: process.version,
  };
}

async function bench(options: Options, directory: string, stack: Stack): Promise<boolean> {
  const { events, out, rounds } = options;
  await stack.up(['kafka', 'registry']);
  const { brokers, registryUrl } = stack.addresses;
  const registry = new ConfluentRegistry({ url: registryUrl });
  const broker = new Broker(brokers);
  const runs: Run[] = [];
  let isRight = true;
  try {
    const serdes = await registerSerdes(registry, topics);
    const place: Workplace = {
      cacheDirectory: defaultCacheDirectory(),
      directory,
      brokers,
      registryUrl,
      schemaIds: await schemaIds(registry),
      onDownload: (name) => say(`downloading ${name} (once)…`),
    };
    const setups = await prepare(options, place);
    say(
      `writing ${events.toLocaleString('en-US')} events to ${PARTITIONS} partitions, and computing the goals plainly…`,
    );
    const simulated = simulate(events);
    await writeRawTopic(brokers, serdes, simulated);
    const expected = referenceGoals(partitioned(simulated, PARTITIONS), { graceMs: GRACE_MS });
    const brokerPid = (await stack.status()).find(({ service }) => service === 'kafka')?.pid;
    if (brokerPid === undefined) throw new StackError('SERVICE_ENDED', 'the broker has ended');
    const around: Surroundings = {
      broker,
      brokerPid,
      brokerData: join(stack.directory, 'kafka', 'data'),
      rawTopic: topics.accessLog,
      resultTopics: RESULT_TOPICS,
      otherTopics: new Set((await broker.topics()).keys()),
      timeoutMs: TIMEOUT_MS,
    };
    for (let round = 0; round < rounds; round++) {
      // There and back, so that what grows worse with time does not meet the same peer each round.
      const order = round % 2 === 0 ? setups : [...setups].reverse();
      for (const setup of order) {
        const application = `peers-${round}-${setups.indexOf(setup)}`;
        let run: Run;
        try {
          run = await measure(setup, round, application, place, around, serdes, expected);
        } catch (error) {
          if (!(error instanceof RunError)) throw error;
          say(error.message);
          isRight = false;
          continue;
        }
        runs.push(run);
        const share = lost(run.goals);
        const isWrong = share > 0 && setup.isComplete !== false;
        if (isWrong) isRight = false;
        say(
          `round ${round + 1}, ${setup.peer}, ${setup.name}: ${run.figures.seconds.toFixed(1)} s, ` +
            `${(100 * share).toFixed(1)} % missing or different${isWrong ? `: WRONG ${JSON.stringify(run.goals)}` : ''}`,
        );
        if (out !== undefined) await writeFile(out, jsonReport(runs, events, machine()));
      }
    }
    runs.sort((a, b) => a.round - b.round);
    process.stdout.write(`${tableReport(runs, events)}\n`);
  } finally {
    broker.close();
    registry.close();
  }
  return isRight;
}

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '500000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: PEERS.map(({ name }) => name).join(',') },
    setup: { type: 'string', default: '' },
    out: { type: 'string' },
  },
});
const only = values.only.split(',');
const unknown = only.filter((name) => !PEERS.some((peer) => peer.name === name));
if (unknown.length > 0) {
  say(`--only: ${unknown.join(', ')} is not one of ${PEERS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const directory = await mkdtemp(join(tmpdir(), 'millrace-peers-'));
const stack = await Stack.open({ directory: join(directory, 'stack'), ports: await freePorts() });
try {
  const options = {
    events: Number(values.events),
    rounds: Number(values.rounds),
    only,
    setup: values.setup,
    out: values.out,
  };
  if (!(await bench(options, directory, stack))) process.exitCode = 1;
} finally {
  await stack.down();
  await rm(directory, { recursive: true, force: true });
}
