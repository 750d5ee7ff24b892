/**
 * The four goals in Millrace, Kafka Streams, Flink and Spark, over the same raw topic on the same broker, one at a time:
 * `npm run bench:peers`. README.md says how each is set up, and what is measured.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { KafkaLog } from '@millrace/streams/kafka';
import { ConfluentRegistry } from '../../schemas/confluent-registry.js';
import { topicSchema, valueSubject } from '../../schemas/subjects.js';
import { defaultCacheDirectory } from '../../stack/downloads.js';
import { freePorts } from '../../stack/ports.js';
import { Stack } from '../../stack/stack.js';
import { StackError } from '../../stack/stack-error.js';
import { referenceGoals } from '../../test/reference/goals.js';
import { partitioned, readGoals } from '../../test/reference/run-goals.js';
import { DEFAULT_GOAL_CONFIG } from '../../topology/goals/goal-config.js';
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
const PEER_NAMES = PEERS.map(({ name }) => name);
const GRACE_MS = 5000;
const TIMEOUT_MS = 30 * 60_000;
const EXIT_USAGE = 2;

const { topics } = DEFAULT_GOAL_CONFIG;
const RESULT_TOPICS = [topics.goal1, topics.goal2, topics.goal3, topics.goal4];

interface Options {
  readonly events: number;
  readonly rounds: number;
  readonly only: readonly string[];
  /** A regular expression: setups whose names it does not find are left out. */
  readonly setup: string;
  /** A file for the figures. */
  readonly out: string | undefined;
}

/** What all runs share. */
interface Contest {
  readonly place: Workplace;
  readonly around: Surroundings;
  readonly serdes: GoalSerdes;
  /** What a plain computation finds. */
  readonly expected: GoalResults;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function schemaIds(registry: ConfluentRegistry): Promise<Workplace['schemaIds']> {
  const id = (goal: 1 | 2 | 3 | 4) => {
    const { schema, ...options } = topicSchema(`goal${goal}`);
    return registry.register(valueSubject(topics[`goal${goal}`]), schema, options);
  };
  return { 1: await id(1), 2: await id(2), 3: await id(3), 4: await id(4) };
}

/** What the peers that can be had here are to be measured with. */
async function setUpPeers({ only, setup: wanted }: Options, place: Workplace): Promise<Setup[]> {
  const setups: Setup[] = [];
  for (const peer of PEERS) {
    if (!only.includes(peer.name)) continue;
    try {
      setups.push(...(await peer.prepare(place)).filter(({ name }) => new RegExp(wanted).test(name)));
    } catch (error) {
      place.signal.throwIfAborted();
      if (!(error instanceof StackError)) throw error;
      say(`${peer.name} is left out: ${error.message}`);
    }
  }
  return setups;
}

/** One run, on topics that are made for it and deleted after it. */
async function measure(setup: Setup, application: string, contest: Contest): Promise<Omit<Run, 'round'>> {
  const { around, expected, place, serdes } = contest;
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
    return { peer: setup.peer, setup: setup.name, figures, goals: compareGoals(setup.goals, results, expected) };
  } finally {
    const made = [...(await around.broker.topics()).keys()].filter((topic) => !around.otherTopics.has(topic));
    await around.broker.deleteTopics(made);
    await rm(directory, { recursive: true, force: true });
  }
}

/** A broker that was just started is slow at first, whoever comes first: one run does not count. */
async function warmUp([first]: readonly Setup[], contest: Contest): Promise<void> {
  if (first === undefined) return;
  await measure(first, 'peers-warm-up', contest).catch((error: unknown) => {
    if (!(error instanceof RunError)) throw error;
  });
}

/** @returns whether every peer ran, and had all results that it should have */
async function contend(setups: readonly Setup[], { events, out, rounds }: Options, contest: Contest): Promise<boolean> {
  const runs: Run[] = [];
  let isRight = true;
  await warmUp(setups, contest);
  for (let round = 1; round <= rounds; round++) {
    // There and back, so that what grows worse with time does not meet the same peer each round.
    for (const setup of round % 2 === 1 ? setups : setups.toReversed()) {
      const name = `round ${round}, ${setup.peer}, ${setup.name}`;
      try {
        const run = { ...(await measure(setup, `peers-${round}-${setups.indexOf(setup)}`, contest)), round };
        const share = lost(run.goals);
        say(`${name}: ${run.figures.seconds.toFixed(1)} s, ${(100 * share).toFixed(1)} % missing or different`);
        if (share > 0 && setup.isComplete !== false) {
          say(`  it should be complete, and does not count: ${JSON.stringify(run.goals)}`);
          isRight = false;
        } else runs.push(run);
      } catch (error) {
        if (!(error instanceof RunError)) throw error;
        say(`${name}: ${error.message}`);
        isRight = false;
      }
      if (out !== undefined) await writeFile(out, jsonReport(runs, events, machine()));
    }
  }
  process.stdout.write(`${tableReport(runs, events)}\n`);
  return isRight;
}

function machine(): unknown {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryMegabytes: Math.round(totalmem() / 1e6),
    node: process.version,
  };
}

async function bench(options: Options, directory: string, stack: Stack, signal: AbortSignal): Promise<boolean> {
  await stack.up(['kafka', 'registry'], { signal });
  const { brokers, registryUrl } = stack.addresses;
  const registry = new ConfluentRegistry({ url: registryUrl });
  const broker = new Broker(brokers);
  try {
    const serdes = await registerSerdes(registry, topics);
    const place: Workplace = {
      cacheDirectory: defaultCacheDirectory(),
      directory,
      brokers,
      registryUrl,
      schemaIds: await schemaIds(registry),
      onDownload: (name) => say(`downloading ${name} (once)…`),
      signal,
    };
    const setups = await setUpPeers(options, place);
    if (setups.length === 0) {
      say('there is nothing to measure');
      return false;
    }
    const { events } = options;
    say(
      `${events.toLocaleString('en-US')} events, ${PARTITIONS} partitions; writing them, and computing the goals plainly…`,
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
      signal,
    };
    return await contend(setups, options, { place, around, serdes, expected });
  } finally {
    broker.close();
    registry.close();
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '500000' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: PEER_NAMES.join(',') },
      setup: { type: 'string', default: '' },
      out: { type: 'string' },
    },
  });
  const { out, setup } = values;
  const [events, rounds, only] = [Number(values.events), Number(values.rounds), values.only.split(',')];
  const unknown = only.filter((name) => !PEER_NAMES.includes(name));
  if (unknown.length > 0 || !Number.isSafeInteger(events) || !Number.isSafeInteger(rounds)) {
    say(`--events and --rounds are whole numbers; --only is some of ${PEER_NAMES.join(',')}`);
    return EXIT_USAGE;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  const directory = await mkdtemp(join(tmpdir(), 'millrace-peers-'));
  const stack = await Stack.open({ directory: join(directory, 'stack'), ports: await freePorts() });
  try {
    const options = { events, rounds, only, setup, out: out === undefined ? undefined : resolve(out) };
    return (await bench(options, directory, stack, stop.signal)) ? 0 : 1;
  } catch (error) {
    if (!stop.signal.aborted && !(error instanceof StackError)) throw error;
    say(stop.signal.aborted ? 'interrupted' : (error as Error).message);
    return 1;
  } finally {
    await stack.down();
    await rm(directory, { recursive: true, force: true });
  }
}

process.exitCode = await main();
