/**
 * How fast web statistics, service logs and sensors go on the embedded log, with everything that detects anomalies in
 * them: `npm run bench:sources`. Every row is a process of its own over records that are in the log already.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Streams } from '@millrace/streams';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { SensorSimulator } from '../producer/sensor-simulator.js';
import { ServiceLogSimulator } from '../producer/service-log-simulator.js';
import { TopicWriter } from '../producer/topic-writer.js';
import { TrafficSimulator } from '../producer/traffic-simulator.js';
import { SchemaDirectory } from '../schemas/schema-directory.js';
import { applicationTopology } from '../topology/application.js';
import { type ApplicationConfig, DEFAULT_APPLICATION_CONFIG, topicsOf } from '../topology/application-config.js';
import { registerSerdes, type TopicSerdes } from '../topology/serdes.js';

const PARTITIONS = 4;
const BATCH_RECORDS = 20_000;
const START_MS = Date.UTC(2026, 0, 1, 9);
const EVENTS_PER_SECOND = 2000;
const MEGABYTE = 1024;

type Kind = 'web-statistics' | 'services' | 'sensors';
type Pipelines = ApplicationConfig['pipelines'];

interface Scenario {
  readonly name: string;
  readonly reads: Kind;
  readonly pipelines: Pipelines;
  /** As where other processes read a part of the partitions. */
  readonly isOneOfSeveral?: true;
}

interface Result {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  readonly results: number;
  readonly alerts: number;
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'service logs', reads: 'services', pipelines: ['services'] },
  { name: 'web statistics', reads: 'web-statistics', pipelines: ['web-statistics'] },
  { name: 'web statistics and the four goals', reads: 'web-statistics', pipelines: ['goals', 'web-statistics'] },
  {
    name: 'the same, as one of several processes',
    reads: 'web-statistics',
    pipelines: ['goals', 'web-statistics'],
    isOneOfSeveral: true,
  },
  { name: 'sensors', reads: 'sensors', pipelines: ['sensors'] },
];

async function open(directory: string, pipelines: Pipelines, readsAllPartitions = true) {
  const config = { ...DEFAULT_APPLICATION_CONFIG, pipelines, watchesClock: false, readsAllPartitions };
  const log = await EmbeddedLog.open({ directory: join(directory, 'log') });
  const topics = topicsOf(config);
  for (const topic of Object.values(topics)) await log.ensureTopic(topic, { partitions: PARTITIONS });
  const serdes = await registerSerdes(new SchemaDirectory(join(directory, 'schemas.json')), topics);
  return { config, log, serdes: serdes as TopicSerdes };
}

async function writeAll<V extends { readonly timestamp: number }>(
  writer: TopicWriter<V>,
  next: () => V,
  count: number,
): Promise<void> {
  while (writer.written < count) {
    await writer.write(Array.from({ length: Math.min(BATCH_RECORDS, count - writer.written) }, next));
  }
}

async function preload(directory: string, kind: Kind, count: number): Promise<void> {
  const { config, log, serdes } = await open(directory, [kind]);
  const { topics } = config;
  const simulation = { seed: 1, startMs: START_MS };
  if (kind === 'services') {
    const simulator = new ServiceLogSimulator({ ...simulation, linesPerSecond: EVENTS_PER_SECOND });
    const [topic, serde] = [topics.serviceLogs, serdes.serviceLogs];
    const writer = TopicWriter.create({
      ...{ log, topic, serde },
      keyOf: ({ service }) => service,
    });
    await writeAll(await writer, () => simulator.next().line, count);
  } else if (kind === 'sensors') {
    const simulator = new SensorSimulator({ ...simulation, sensors: 1000, readingsPerSecond: EVENTS_PER_SECOND });
    const [topic, serde] = [topics.sensorReadings, serdes.sensorReadings];
    const writer = TopicWriter.create({
      ...{ log, topic, serde },
      keyOf: ({ sensor_id }) => sensor_id,
    });
    await writeAll(await writer, () => simulator.next().reading, count);
  } else {
    const simulator = new TrafficSimulator({
      ...simulation,
      eventsPerSecond: EVENTS_PER_SECOND,
      hosts: 50,
      clients: 10_000,
    });
    const [topic, serde] = [topics.accessLog, serdes.accessLog];
    const writer = TopicWriter.create({
      ...{ log, topic, serde },
      keyOf: ({ client_ip }) => client_ip,
    });
    await writeAll(await writer, () => simulator.next().event, count);
  }
  await log.close();
}

async function runScenario(directory: string, { isOneOfSeveral, name, pipelines }: Scenario): Promise<Result> {
  const { config, log, serdes } = await open(directory, pipelines, isOneOfSeveral === undefined);
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const streams = new Streams(applicationTopology(config, serdes), {
    applicationId: `bench-${name.replace(/\W+/g, '-')}`,
    log,
    stateDirectory: join(directory, 'state'),
    deadLetterTopic: config.topics.deadLetters,
    lateTopic: config.topics.late,
  });
  await streams.start();
  await streams.drain();
  await streams.close();
  const seconds = (performance.now() - startedAt) / 1000;
  const { system, user } = process.cpuUsage(cpuBefore);
  let alerts = 0;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const topic = topicsOf(config).alerts;
    if (topic !== undefined) alerts += await log.endOffset({ topic, partition });
  }
  await log.close();
  return {
    seconds,
    cpuSeconds: (system + user) / 1e6,
    peakMegabytes: process.resourceUsage().maxRSS / MEGABYTE,
    results: streams.metrics.recordsProduced,
    alerts,
  };
}

function inChild(...args: readonly string[]): string {
  const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...args], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(`${args.join(' ')} failed: ${child.stderr}`);
  return child.stdout;
}

function bench(count: number): void {
  console.log(
    [
      `${count.toLocaleString('en-US')} records each, ${EVENTS_PER_SECOND.toLocaleString('en-US')} a second of event time, ${PARTITIONS} partitions`,
      '',
      '| | records/s | CPU s | peak MB | results | alerts |',
      '| --- | ---: | ---: | ---: | ---: | ---: |',
    ].join('\n'),
  );
  for (const scenario of SCENARIOS) {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
    try {
      inChild('preload', directory, scenario.reads, String(count));
      const result = JSON.parse(inChild('run', directory, JSON.stringify(scenario))) as Result;
      const cells = [
        scenario.name,
        Math.round(count / result.seconds).toLocaleString('en-US'),
        result.cpuSeconds.toFixed(1),
        Math.round(result.peakMegabytes),
        result.results.toLocaleString('en-US'),
        result.alerts.toLocaleString('en-US'),
      ];
      console.log(`| ${cells.join(' | ')} |`);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { records: { type: 'string', default: '1000000' } },
});
const [step, directory = '', ...rest] = positionals;
if (step === 'preload') await preload(directory, rest[0] as Kind, Number(rest[1]));
else if (step === 'run') {
  process.stdout.write(JSON.stringify(await runScenario(directory, JSON.parse(rest[0] ?? '') as Scenario)));
} else bench(Number(values.records));
