/**
 * How soon alerts flow again when a process is killed: `npm run bench:failover`. Two processes with state directories of
 * their own, as on two machines, share the goals over a sizable state and live traffic in which a client of each
 * partition is over goal 1's threshold. One process is killed, and the other gets its partitions.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import kafka from '@confluentinc/kafka-javascript';
import { type LogConsumer, partitionForString, type StandbyTask, Streams } from '@millrace/streams';
import { call, KafkaLog } from '@millrace/streams/kafka';
import { Random } from '../producer/random.js';
import { RawTopicWriter } from '../producer/raw-topic-writer.js';
import type { AccessLog } from '../schemas/records.js';
import { SchemaDirectory } from '../schemas/schema-directory.js';
import { freePorts } from '../stack/ports.js';
import { SINGLE_BROKER_SETTINGS } from '../stack/services/kafka.js';
import { Stack } from '../stack/stack.js';
import { DEFAULT_GOAL_CONFIG, type GoalConfig } from '../topology/goals/goal-config.js';
import { goalsTopology } from '../topology/goals/goals.js';
import { type GoalSerdes, registerSerdes } from '../topology/serdes.js';

const PARTITIONS = 4;
const EVENTS_PER_SECOND = 2000;
/** Of the client of each partition that is to be reported. */
const ABUSE_PER_SECOND = 20;
const WRITE_INTERVAL_MS = 20;
const WRITE_EVENTS = 20_000;
/** Live traffic before the kill, and at most after it. */
const BEFORE_MS = 8000;
const AFTER_MS = 120_000;
const READY_WITHIN_MS = 300_000;
/** What the killed process has committed is readable by then. */
const LAST_WORDS_MS = 500;
const REPORT_INTERVAL_MS = 50;

/** Windows in which a client for each key of the state is live for the whole run. */
const CONFIG: GoalConfig = {
  ...DEFAULT_GOAL_CONFIG,
  serverErrors: undefined,
  goal1: { size: '30m', advance: '5m', threshold: 10 },
};
const { topics } = CONFIG;

/** What a process of the pipeline is started with. */
interface Member {
  readonly brokers: string;
  readonly schemas: string;
  readonly applicationId: string;
  readonly stateDirectory: string;
  readonly standbys: number;
}

/** What it tells of itself. */
interface Report {
  readonly running: boolean;
  readonly lag: number;
  readonly standbys: readonly StandbyTask[];
}

/** Seconds after the kill. */
interface Failover {
  /** The killed process is no member of the group any more. */
  readonly missed: number;
  /** The first alert of each partition that it had. */
  readonly alerts: readonly number[];
}

class Process {
  readonly child: ChildProcess;
  report: Report | undefined;

  constructor(member: Member) {
    this.child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'member', JSON.stringify(member)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.report = JSON.parse(line) as Report;
    });
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await new Promise((resolve) => this.child.once('close', resolve));
  }
}

/** Runs the goals until standard input ends. */
async function runMember(member: Member): Promise<void> {
  const log = await KafkaLog.open({ brokers: member.brokers });
  const streams = new Streams(goalsTopology(CONFIG, await serdesOf(member.schemas)), {
    applicationId: member.applicationId,
    log,
    stateDirectory: member.stateDirectory,
    numStandbyReplicas: member.standbys,
    deadLetterTopic: topics.deadLetters,
    lateTopic: topics.late,
    idle: '10s',
  });
  await streams.start();
  const ended = new Promise((resolve) => process.stdin.resume().once('end', resolve));
  const timer = setInterval(async () => {
    const [lag, standbys] = await Promise.all([streams.lag(), streams.standbyTasks()]);
    process.stdout.write(
      `${JSON.stringify({ running: streams.state === 'RUNNING', lag, standbys } satisfies Report)}\n`,
    );
  }, REPORT_INTERVAL_MS);
  await ended;
  clearInterval(timer);
  await streams.close();
  await log.close();
}

function serdesOf(schemas: string): Promise<GoalSerdes> {
  return registerSerdes(new SchemaDirectory(schemas), topics);
}

function clientOf(key: number): string {
  return `10.${(key >> 16) & 255}.${(key >> 8) & 255}.${key & 255}`;
}

function requestOf(client_ip: string, timestamp: number): AccessLog {
  const host = `host-${timestamp % 50}.example`;
  return { server: 'web', client_ip, method: 'GET', status: 200, request_time: 0.05, host, country: 'US', timestamp };
}

/** A client for each partition. */
function abusers(): string[] {
  const found: string[] = [];
  for (let i = 0; found.filter(Boolean).length < PARTITIONS; i++) {
    const client = `203.0.113.${i}`;
    found[partitionForString(client, PARTITIONS)] ??= client;
  }
  return found;
}

/** A request of each key's client, in the last minutes. */
async function preload(writer: RawTopicWriter, keys: number): Promise<void> {
  const startMs = Date.now() - 300_000;
  for (let key = 0; key < keys; key += WRITE_EVENTS) {
    const events = Array.from({ length: Math.min(WRITE_EVENTS, keys - key) }, (_, i) =>
      requestOf(clientOf(key + i), startMs + Math.floor(((key + i) / keys) * 240_000)),
    );
    await writer.write(events);
  }
}

async function writeTraffic(writer: RawTopicWriter, keys: number, stop: AbortSignal): Promise<void> {
  const random = new Random(1);
  const abusive = abusers();
  const startedAt = Date.now();
  let written = 0;
  let abuse = 0;
  while (!stop.aborted) {
    const elapsed = (Date.now() - startedAt) / 1000;
    const events: AccessLog[] = [];
    for (; written < elapsed * EVENTS_PER_SECOND; written++) {
      events.push(requestOf(clientOf(random.below(keys)), Date.now()));
    }
    for (; abuse < elapsed * ABUSE_PER_SECOND; abuse++) {
      for (const client of abusive) events.push(requestOf(client, Date.now()));
    }
    if (events.length > 0) await writer.write(events);
    await delay(WRITE_INTERVAL_MS);
  }
}

/** Who has which partitions of the raw topic, by process id. */
async function partitionsByProcess(admin: kafka.IAdminClient, group: string): Promise<Map<number, number[]>> {
  const { groups } = await call<kafka.GroupDescriptions>((done) => admin.describeGroups([group], done));
  const members = groups[0]?.members ?? [];
  return new Map(
    members.map(({ assignment, clientId }) => [
      // The engine names its members `millrace-<host>-<process id>-…`.
      Number(clientId.slice(`millrace-${hostname()}-`.length).split('-')[0]),
      assignment.topicPartitions.filter(({ topic }) => topic === topics.accessLog).map(({ partition }) => partition),
    ]),
  );
}

async function until<T>(ask: () => Promise<T | undefined> | T | undefined, withinMs: number): Promise<T> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await delay(20)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error(`nothing came within ${withinMs} ms`);
}

/** Reads alerts from the topic's end on; calls back with the partition of the client that each is of. */
async function readAlerts(
  log: KafkaLog,
  serdes: GoalSerdes,
  stop: AbortSignal,
  onAlert: (partition: number) => void,
): Promise<void> {
  const consumer: LogConsumer = log.consumer();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    consumer.assign({ topic: topics.goal1, partition }, await log.endOffset({ topic: topics.goal1, partition }));
  }
  while (!stop.aborted) {
    for (const cursor of await consumer.poll(20)) {
      while (cursor.next()) {
        const { valueBytes, valueEnd, valueStart } = cursor;
        const { client_ip } = serdes.goal1.deserialize(topics.goal1, valueBytes, valueStart, valueEnd);
        onAlert(partitionForString(client_ip, PARTITIONS));
      }
    }
  }
  await consumer.close();
}

async function failOver(place: Omit<Member, 'applicationId' | 'stateDirectory'>, directory: string, keys: number) {
  const applicationId = `failover-${randomUUID()}`;
  const stateOf = (name: string) => join(directory, applicationId, name);
  const log = await KafkaLog.open({ brokers: place.brokers });
  const serdes = await serdesOf(place.schemas);
  const writer = await RawTopicWriter.create({
    log,
    topic: topics.accessLog,
    deadLetterTopic: topics.deadLetters,
    serde: serdes.accessLog,
  });
  // What writes has one transaction at a time, and what reads is not to wait for it.
  const reading = await KafkaLog.open({ brokers: place.brokers });
  const admin = kafka.AdminClient.create({ 'bootstrap.servers': place.brokers });
  const stop = new AbortController();
  const processes: Process[] = [];
  const start = (name: string): Process => {
    const started = new Process({ ...place, applicationId, stateDirectory: stateOf(name) });
    processes.push(started);
    return started;
  };
  const background: Promise<void>[] = [];
  try {
    const owner = start('owner');
    await until(() => (owner.report?.running && owner.report.lag === 0 ? true : undefined), READY_WITHIN_MS);
    const other = start('other');
    await until(() => {
      const reports = [owner.report, other.report];
      if (!reports.every((report) => report?.running && report.lag === 0)) return undefined;
      if (place.standbys === 0) return true;
      const kept = other.report?.standbys ?? [];
      return kept.length > 0 && kept.every(({ lag }) => lag === 0) ? true : undefined;
    }, READY_WITHIN_MS);
    const alertedAt = new Map<number, number[]>();
    background.push(writeTraffic(writer, keys, stop.signal));
    background.push(
      readAlerts(reading, serdes, stop.signal, (partition) => {
        alertedAt.set(partition, [...(alertedAt.get(partition) ?? []), performance.now()]);
      }),
    );
    await delay(BEFORE_MS);
    const moved = (await partitionsByProcess(admin, applicationId)).get(owner.child.pid ?? 0) ?? [];
    if (moved.length !== PARTITIONS / 2) throw new Error('the processes do not share the partitions');
    const killedAt = performance.now();
    await owner.kill();
    const missedAt = await until(async () => {
      const isMember = (await partitionsByProcess(admin, applicationId)).has(owner.child.pid ?? 0);
      return isMember ? undefined : performance.now();
    }, AFTER_MS);
    const alerts = await until(() => {
      const times = moved.map((partition) => alertedAt.get(partition)?.find((time) => time > killedAt + LAST_WORDS_MS));
      return times.every((time) => time !== undefined) ? times : undefined;
    }, AFTER_MS);
    const seconds = (time: number) => (time - killedAt) / 1000;
    return { missed: seconds(missedAt), alerts: alerts.map(seconds) } satisfies Failover;
  } finally {
    stop.abort();
    await Promise.all(background);
    for (const started of processes) await started.kill();
    admin.disconnect();
    await reading.close();
    await log.close();
  }
}

async function bench(keys: number, rounds: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-failover-'));
  const stack = await Stack.open({ directory: join(directory, 'stack'), ports: await freePorts() });
  const place = { brokers: stack.addresses.brokers, schemas: join(directory, 'schemas.json') };
  try {
    await stack.up(['kafka']);
    const log = await KafkaLog.open({ brokers: place.brokers });
    for (const topic of Object.values(topics)) await log.ensureTopic(topic, { partitions: PARTITIONS });
    const serde = (await serdesOf(place.schemas)).accessLog;
    const { accessLog: topic, deadLetters: deadLetterTopic } = topics;
    await preload(await RawTopicWriter.create({ log, topic, deadLetterTopic, serde }), keys);
    await log.close();
    const sessionSeconds = SINGLE_BROKER_SETTINGS['group.consumer.session.timeout.ms'] / 1000;
    console.log(
      `${keys.toLocaleString('en-US')} keys live in goal 1, ${EVENTS_PER_SECOND.toLocaleString('en-US')} events/s, ` +
        `${PARTITIONS} partitions, a session of ${sessionSeconds} s; seconds after the kill\n`,
    );
    console.log('standbys   missed in the group   first alert   alerts of all its partitions');
    for (let round = 0; round < rounds; round++) {
      for (const standbys of [0, 1]) {
        const { alerts, missed } = await failOver({ ...place, standbys }, directory, keys);
        const cells = [missed, Math.min(...alerts), Math.max(...alerts)].map((seconds) => seconds.toFixed(1));
        console.log(`${standbys}`.padEnd(11) + cells.map((cell, i) => cell.padEnd([22, 14][i] ?? 0)).join(''));
      }
    }
  } finally {
    await stack.down();
    rmSync(directory, { recursive: true, force: true });
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { keys: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '3' } },
});
const [step, where = '{}'] = positionals;
if (step === 'member') await runMember(JSON.parse(where) as Member);
else await bench(Number(values.keys), Number(values.rounds));
