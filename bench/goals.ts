/**
 * How fast the goals run over the durable embedded log: `npm run bench`. Every row is a process of its own over the same
 * preloaded raw topic.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Streams, StreamsBuilder } from '@millrace/streams';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { RawTopicWriter } from '../producer/raw-topic-writer.js';
import { TrafficSimulator } from '../producer/traffic-simulator.js';
import type { AccessLog } from '../schemas/records.js';
import { SchemaDirectory } from '../schemas/schema-directory.js';
import { DEFAULT_GOAL_CONFIG, type GoalConfig } from '../topology/goals/goal-config.js';
import { goalsTopology } from '../topology/goals/goals.js';
import { registerSerdes } from '../topology/serdes.js';

const PARTITIONS = 4;

interface Scenario {
  readonly name: string;
  readonly goals: GoalConfig['goals'];
  readonly sizeMs: number;
  readonly advanceMs: number;
  /** Bursts of server errors beside the goals. */
  readonly serverErrors?: true;
  /** By way of repartition topics, as between processes. */
  readonly repartition?: 'topic';
}

interface Result {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  readonly writtenMegabytes: number;
  readonly results: number;
  readonly changelogRecords: number;
}

async function preload(directory: string, events: number, clients: number): Promise<void> {
  const log = await EmbeddedLog.open({ directory: join(directory, 'log'), fsync: false });
  const { topics } = DEFAULT_GOAL_CONFIG;
  for (const topic of Object.values(topics)) await log.ensureTopic(topic, { partitions: PARTITIONS });
  const serdes = await registerSerdes(new SchemaDirectory(join(directory, 'schemas.json')), topics);
  const writer = await RawTopicWriter.create({
    log,
    topic: topics.accessLog,
    deadLetterTopic: topics.deadLetters,
    serde: serdes.accessLog,
  });
  const simulator = new TrafficSimulator({
    seed: 1,
    startMs: Date.UTC(2026, 0, 1, 9),
    eventsPerSecond: 2000,
    clients,
    hosts: 50,
    countries: 20,
    disorderMs: 2000,
    belowThresholds: false,
  });
  for (let written = 0; written < events; ) {
    const batch: AccessLog[] = [];
    while (batch.length < 20_000 && written + batch.length < events) batch.push(simulator.next().event);
    await writer.write(batch);
    written += batch.length;
  }
  await log.close();
}

async function runScenario(directory: string, scenario: Scenario): Promise<Result> {
  const log = await EmbeddedLog.open({ directory: join(directory, 'log') });
  const { goals, sizeMs, advanceMs } = scenario;
  const windows = { size: sizeMs, advance: advanceMs };
  const config: GoalConfig = {
    ...DEFAULT_GOAL_CONFIG,
    goals,
    serverErrors: scenario.serverErrors && DEFAULT_GOAL_CONFIG.serverErrors,
    ...(sizeMs === 0 ? {} : { goal1: { ...windows, threshold: 10 }, goal2: { ...windows, threshold: 15 } }),
  };
  const serdes = await registerSerdes(new SchemaDirectory(join(directory, 'schemas.json')), config.topics);
  let topology = goalsTopology(config, serdes);
  if (goals.length === 0) {
    const builder = new StreamsBuilder();
    builder
      .stream(config.topics.accessLog, {
        value: serdes.accessLog.fields('client_ip', 'status', 'request_time', 'host', 'country', 'timestamp'),
      })
      .filter((_key, request) => request !== null && request.status < 0)
      .to(config.topics.goal1, { value: serdes.accessLog as never });
    topology = builder.build();
  }
  const id = `bench-${scenario.name.replace(/\W+/g, '-')}`;
  const before = await writtenBytes();
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const streams = new Streams(topology, {
    applicationId: id,
    log,
    stateDirectory: join(directory, 'state'),
    deadLetterTopic: config.topics.deadLetters,
    lateTopic: config.topics.late,
    repartition: scenario.repartition ?? 'auto',
  });
  await streams.start();
  await streams.drain();
  await streams.close();
  const seconds = (performance.now() - startedAt) / 1000;
  const { system, user } = process.cpuUsage(cpuBefore);
  await log.close();
  return {
    seconds,
    cpuSeconds: (system + user) / 1e6,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
    writtenMegabytes: ((await writtenBytes()) - before) / 1e6,
    results: streams.metrics.recordsProduced,
    changelogRecords: streams.metrics.changelogRecords,
  };
}

/** What this process has written to disks, as Linux counts it. */
async function writtenBytes(): Promise<number> {
  try {
    return Number(/write_bytes: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1] ?? 0);
  } catch {
    return Number.NaN;
  }
}

function inChild(...args: readonly string[]): string {
  const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...args], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(`${args.join(' ')} failed: ${child.stderr}`);
  return child.stdout;
}

function measure(events: number, clients: number, scenarios: readonly Scenario[]): void {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    inChild('preload', directory, String(events), String(clients));
    for (const scenario of scenarios) {
      const result = JSON.parse(inChild('run', directory, JSON.stringify(scenario))) as Result;
      console.log(
        [
          `${clients.toLocaleString('en-US')} clients, ${scenario.name}`.padEnd(52),
          `${Math.round(events / result.seconds).toLocaleString('en-US')}/s`.padStart(12),
          `${result.cpuSeconds.toFixed(1)} CPU s`.padStart(12),
          `${Math.round(result.peakMegabytes)} MB`.padStart(9),
          `${Math.round(result.writtenMegabytes)} MB written`.padStart(16),
          `${result.results.toLocaleString('en-US')} results`.padStart(20),
          `${result.changelogRecords.toLocaleString('en-US')} changelog records`.padStart(26),
        ].join(''),
      );
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const CONTRACT: readonly Scenario[] = [
  { name: 'decode only', goals: [], sizeMs: 0, advanceMs: 0 },
  { name: 'goal 1', goals: [1], sizeMs: 0, advanceMs: 0 },
  { name: 'goal 2', goals: [2], sizeMs: 0, advanceMs: 0 },
  { name: 'goal 3', goals: [3], sizeMs: 0, advanceMs: 0 },
  { name: 'goal 4', goals: [4], sizeMs: 0, advanceMs: 0 },
  { name: 'all four', goals: [1, 2, 3, 4], sizeMs: 0, advanceMs: 0 },
  { name: 'all four and bursts of 5xx', goals: [1, 2, 3, 4], sizeMs: 0, advanceMs: 0, serverErrors: true },
  { name: 'all four, by repartition topics', goals: [1, 2, 3, 4], sizeMs: 0, advanceMs: 0, repartition: 'topic' },
];

const ALL_FOUR: Scenario = { name: 'all four', goals: [1, 2, 3, 4], sizeMs: 0, advanceMs: 0 };

function bench(events: number): void {
  console.log(
    `${events.toLocaleString('en-US')} events, 2,000 a second of event time, up to 2 s out of order, ${PARTITIONS} partitions\n`,
  );
  measure(events, 10_000, [
    ...CONTRACT,
    { name: 'all four, goals 1 and 2 over 5 min by 15 s', goals: [1, 2, 3, 4], sizeMs: 300_000, advanceMs: 15_000 },
    { name: 'all four, goals 1 and 2 over 1 h by 3 min', goals: [1, 2, 3, 4], sizeMs: 3_600_000, advanceMs: 180_000 },
  ]);
  for (const clients of [1000, 100_000, 1_000_000]) measure(events, clients, [ALL_FOUR]);
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { events: { type: 'string', default: '2000000' } },
});
const [step, directory = '', ...rest] = positionals;
if (step === 'preload') await preload(directory, Number(rest[0]), Number(rest[1]));
else if (step === 'run')
  process.stdout.write(JSON.stringify(await runScenario(directory, JSON.parse(rest[0] ?? '') as Scenario)));
else bench(Number(values.events));
