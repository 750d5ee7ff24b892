/**
 * How fast the goals run on a Kafka broker of this machine: `npm run bench:kafka`. Every row is a process of its own over
 * the same preloaded raw topic, beside the rate at which the bare client reads it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type LogConsumer, type RecordCursor, Streams } from '@millrace/streams';
import { KafkaLog } from '@millrace/streams/kafka';
import { RawTopicWriter } from '../producer/raw-topic-writer.js';
import { TrafficSimulator } from '../producer/traffic-simulator.js';
import type { AccessLog, Goal1 } from '../schemas/records.js';
import { SchemaDirectory } from '../schemas/schema-directory.js';
import { freePorts } from '../stack/ports.js';
import { Stack } from '../stack/stack.js';
import { DEFAULT_GOAL_CONFIG, type GoalConfig } from '../topology/goals/goal-config.js';
import { goalsTopology } from '../topology/goals/goals.js';
import { registerSerdes } from '../topology/serdes.js';

const PARTITIONS = 4;
const CLOCK_TICKS_PER_SECOND = 100;
const LATENCY_RATE = 2000;
const { topics } = DEFAULT_GOAL_CONFIG;

interface Place {
  readonly brokers: string;
  readonly directory: string;
}

interface Scenario {
  readonly name: string;
  /** None: the client alone. */
  readonly goals: GoalConfig['goals'] | undefined;
  readonly guarantee: 'exactly-once' | 'at-least-once';
}

interface Result {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  readonly results: number;
  readonly changelogRecords: number;
  readonly repartitionRecords: number;
}

function serdesOf({ directory }: Place) {
  return registerSerdes(new SchemaDirectory(join(directory, 'schemas.json')), topics);
}

async function writerOf(log: KafkaLog, place: Place): Promise<RawTopicWriter> {
  // Kept for a limited time, and so stamped with the time of the append.
  await log.ensureTopic(topics.accessLog, { partitions: PARTITIONS, retentionMs: 7 * 86_400_000 });
  for (const topic of Object.values(topics)) await log.ensureTopic(topic, { partitions: PARTITIONS });
  const serde = (await serdesOf(place)).accessLog;
  return RawTopicWriter.create({ log, topic: topics.accessLog, deadLetterTopic: topics.deadLetters, serde });
}

async function preload(place: Place, events: number): Promise<number> {
  const log = await KafkaLog.open({ brokers: place.brokers });
  const writer = await writerOf(log, place);
  const simulator = new TrafficSimulator({
    seed: 1,
    startMs: Date.UTC(2026, 0, 1, 9),
    eventsPerSecond: 2000,
    clients: 10_000,
    hosts: 50,
    countries: 20,
    disorderMs: 2000,
    belowThresholds: false,
  });
  const startedAt = performance.now();
  for (let written = 0; written < events; ) {
    const batch: AccessLog[] = [];
    while (batch.length < 20_000 && written + batch.length < events) batch.push(simulator.next().event);
    await writer.write(batch);
    written += batch.length;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await log.close();
  return seconds;
}

async function runScenario(place: Place, { goals, guarantee, name }: Scenario): Promise<Result> {
  const log = await KafkaLog.open({ brokers: place.brokers, guarantee });
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  let metrics = { recordsProduced: 0, changelogRecords: 0, repartitionRecords: 0 };
  if (goals === undefined) await readAll(log);
  else {
    const config = { ...DEFAULT_GOAL_CONFIG, goals, serverErrors: undefined };
    const streams = new Streams(goalsTopology(config, await serdesOf(place)), {
      applicationId: `bench-${name.replace(/\W+/g, '-')}`,
      log,
      stateDirectory: join(place.directory, 'state'),
      deadLetterTopic: topics.deadLetters,
      lateTopic: topics.late,
    });
    await streams.start();
    await streams.drain();
    await streams.close();
    metrics = streams.metrics;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const { system, user } = process.cpuUsage(cpuBefore);
  await log.close();
  const { changelogRecords, recordsProduced: results, repartitionRecords } = metrics;
  return {
    seconds,
    cpuSeconds: (system + user) / 1e6,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
    results,
    changelogRecords,
    repartitionRecords,
  };
}

/** Reads the raw topic and does nothing with it. */
async function readAll(log: KafkaLog): Promise<void> {
  const consumer = log.consumer();
  const ends = new Map<number, number>();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    consumer.assign({ topic: topics.accessLog, partition }, 0);
    ends.set(partition, await log.endOffset({ topic: topics.accessLog, partition }));
  }
  while (ends.size > 0) {
    for (const cursor of await consumer.poll(100)) {
      while (cursor.next());
      if (cursor.nextOffset >= (ends.get(cursor.partition) ?? 0)) ends.delete(cursor.partition);
    }
  }
}

/** How long after the broker has appended a request its alert could be read, in milliseconds, sorted. */
async function alertLatencies(place: Place, seconds: number): Promise<number[]> {
  const log = await KafkaLog.open({ brokers: place.brokers });
  const writer = await writerOf(log, place);
  const serdes = await serdesOf(place);
  const raw = await readerFromEnd(log, topics.accessLog);
  const alerts = await readerFromEnd(log, topics.goal1);
  const pipeline = spawn(process.execPath, [fileURLToPath(import.meta.url), 'pipeline', JSON.stringify(place)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => pipeline.stdout.once('data', resolve));
  const until = Date.now() + seconds * 1000;
  const requests = new Map<string, { timestamp: number; appendedAt: number }[]>();
  const arrived: { alert: Goal1; readAt: number }[] = [];
  await Promise.all([
    writeAtRate(writer, until),
    readUntil(raw, until + 2000, ({ timestamp: appendedAt, valueBytes, valueEnd, valueStart }) => {
      const request = serdes.accessLog.deserialize(topics.accessLog, valueBytes, valueStart, valueEnd);
      const { client_ip, timestamp } = request;
      requests.set(client_ip, [...(requests.get(client_ip) ?? []), { timestamp, appendedAt }]);
    }),
    readUntil(alerts, until + 2000, ({ valueBytes, valueEnd, valueStart }) => {
      arrived.push({
        alert: serdes.goal1.deserialize(topics.goal1, valueBytes, valueStart, valueEnd),
        readAt: Date.now(),
      });
    }),
  ]);
  pipeline.stdin.end();
  await new Promise((resolve) => pipeline.once('close', resolve));
  await log.close();
  const latencies = arrived.flatMap(({ alert, readAt }) => {
    const counted = (requests.get(alert.client_ip) ?? []).filter(
      ({ timestamp }) => timestamp >= alert.window_start && timestamp < alert.window_end,
    );
    // The request that made the count what the alert says.
    const cause = counted[alert.count - 1];
    return cause === undefined ? [] : [readAt - cause.appendedAt];
  });
  return latencies.sort((a, b) => a - b);
}

async function writeAtRate(writer: RawTopicWriter, until: number): Promise<void> {
  const simulator = new TrafficSimulator({
    seed: 2,
    startMs: Date.now(),
    eventsPerSecond: LATENCY_RATE,
    clients: 100_000,
    hosts: 400,
    disorderMs: 0,
    incidents: true,
    belowThresholds: true,
  });
  while (Date.now() < until) {
    const events: AccessLog[] = [];
    while (simulator.arrivalMs <= Date.now()) events.push(simulator.next().event);
    if (events.length > 0) await writer.write(events);
    await delay(5);
  }
}

async function readUntil(consumer: LogConsumer, until: number, visit: (cursor: RecordCursor) => void): Promise<void> {
  while (Date.now() < until) {
    for (const cursor of await consumer.poll(50)) while (cursor.next()) visit(cursor);
  }
}

async function readerFromEnd(log: KafkaLog, topic: string): Promise<LogConsumer> {
  const consumer = log.consumer();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    consumer.assign({ topic, partition }, await log.endOffset({ topic, partition }));
  }
  await consumer.poll(0);
  return consumer;
}

/** All four goals until standard input ends. */
async function runPipeline(place: Place): Promise<void> {
  const log = await KafkaLog.open({ brokers: place.brokers });
  const streams = new Streams(
    goalsTopology({ ...DEFAULT_GOAL_CONFIG, serverErrors: undefined }, await serdesOf(place)),
    {
      applicationId: 'bench-latency',
      log,
      stateDirectory: join(place.directory, 'state'),
      deadLetterTopic: topics.deadLetters,
      lateTopic: topics.late,
      idle: '10s',
    },
  );
  streams.onStateChange((state) => {
    if (state === 'RUNNING') void streams.drain().then(() => process.stdout.write('running\n'));
  });
  await streams.start();
  await new Promise((resolve) => process.stdin.resume().once('end', resolve));
  await streams.close();
  await log.close();
}

/** Processor time that a process has used since it started, in seconds, as Linux counts it. */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*[)] /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

function inChild(step: string, place: Place, ...args: readonly string[]): string {
  const program = fileURLToPath(import.meta.url);
  const child = spawnSync(process.execPath, [program, step, JSON.stringify(place), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error(`${step} failed`);
  return child.stdout;
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'the client alone', goals: undefined, guarantee: 'exactly-once' },
  { name: 'goal 1', goals: [1], guarantee: 'exactly-once' },
  { name: 'all four', goals: [1, 2, 3, 4], guarantee: 'exactly-once' },
  { name: 'all four, at least once', goals: [1, 2, 3, 4], guarantee: 'at-least-once' },
];

async function bench(events: number, rounds: number, latencySeconds: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-kafka-'));
  const stack = await Stack.open({ directory: join(directory, 'stack'), ports: await freePorts() });
  const place = { brokers: stack.addresses.brokers, directory };
  try {
    await stack.up(['kafka']);
    const broker = (await stack.status()).find(({ service }) => service === 'kafka')?.pid ?? 0;
    const number = (value: number) => Math.round(value).toLocaleString('en-US');
    console.log(
      `${number(events)} events, 2,000 a second of event time, up to 2 s out of order, ${PARTITIONS} partitions, ` +
        'broker and pipeline on the same machine\n',
    );
    const preloadSeconds = Number(inChild('preload', place, String(events)));
    console.log(`written at ${number(events / preloadSeconds)}/s\n`);
    for (let round = 0; round < rounds; round++) {
      for (const scenario of SCENARIOS) {
        const brokerBefore = cpuSecondsOf(broker);
        const named = { ...scenario, name: round === 0 ? scenario.name : `${scenario.name}, again ${round}` };
        const result = JSON.parse(inChild('run', place, JSON.stringify(named))) as Result;
        console.log(
          [
            named.name.padEnd(34),
            `${number(events / result.seconds)}/s`.padStart(11),
            `${result.cpuSeconds.toFixed(1)} CPU s`.padStart(12),
            `${(cpuSecondsOf(broker) - brokerBefore).toFixed(1)} broker CPU s`.padStart(19),
            `${number(result.peakMegabytes)} MB`.padStart(9),
            `${number(result.results)} results`.padStart(18),
            `${number(result.changelogRecords)} changelog`.padStart(18),
            `${number(result.repartitionRecords)} repartition`.padStart(20),
          ].join(''),
        );
      }
    }
    if (latencySeconds > 0) {
      const latencies = JSON.parse(inChild('latency', place, String(latencySeconds))) as number[];
      const at = (quantile: number) => latencies[Math.floor(quantile * (latencies.length - 1))];
      console.log(
        `\nrequest to alert at ${number(LATENCY_RATE)}/s, exactly-once, ${number(latencies.length)} alerts: ` +
          `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`,
      );
    }
  } finally {
    await stack.down();
    rmSync(directory, { recursive: true, force: true });
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    events: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '3' },
    latency: { type: 'string', default: '60' },
  },
});
const [step, where = '{}', argument = ''] = positionals;
const place = JSON.parse(where) as Place;
if (step === 'preload') process.stdout.write(String(await preload(place, Number(argument))));
else if (step === 'run')
  process.stdout.write(JSON.stringify(await runScenario(place, JSON.parse(argument) as Scenario)));
else if (step === 'latency') process.stdout.write(JSON.stringify(await alertLatencies(place, Number(argument))));
else if (step === 'pipeline') await runPipeline(place);
else await bench(Number(values.events), Number(values.rounds), Number(values.latency));
