/**
 * What it costs to get state back: `npm run bench:restore`. A key-value store and a window store of a million keys each,
 * on the embedded log and on a broker of this machine, are rebuilt from their changelogs, and opened as a `kill -9` has
 * left them. Every row is a process of its own.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Log, partitionForString, Streams, StreamsBuilder, stringSerde, TimeWindows } from '@millrace/streams';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { freePorts } from '../stack/ports.js';
import { Stack } from '../stack/stack.js';

const PARTITIONS = 4;
const BATCH_RECORDS = 20_000;
const TOPIC = 'visits';
const DAY_MS = 86_400_000;
/** The broker's: until then a process that was killed counts as a member. */
const SESSION_MS = 8000;

const STORES = ['key-value', 'window'] as const;

interface Place {
  readonly directory: string;
  /** On the embedded log otherwise. */
  readonly brokers?: string;
  readonly store: (typeof STORES)[number];
  readonly keys: number;
}

interface Result {
  readonly seconds: number;
  readonly restoredRecords: number;
  readonly restoredBytes: number;
  readonly peakMegabytes: number;
}

async function openLog({ brokers, directory }: Place): Promise<Log> {
  if (brokers === undefined) return EmbeddedLog.open({ directory: join(directory, 'log') });
  const { KafkaLog } = await import('@millrace/streams/kafka');
  return KafkaLog.open({ brokers });
}

function applicationId(store: Place['store']): string {
  return `restore-${store}`;
}

function application(log: Log, { directory, store }: Place): Streams {
  const builder = new StreamsBuilder();
  const visits = builder.stream(TOPIC, { key: stringSerde, value: stringSerde }).groupByKey();
  if (store === 'key-value') visits.count({ name: 'visits' });
  else visits.windowedBy(TimeWindows.ofSizeWithNoGrace(DAY_MS)).count({ name: 'visits' });
  return new Streams(builder.build(), {
    applicationId: applicationId(store),
    log,
    stateDirectory: join(directory, 'state'),
  });
}

/** Each key once, all in one day. */
async function preload(place: Place): Promise<void> {
  const log = await openLog(place);
  await log.ensureTopic(TOPIC, { partitions: PARTITIONS });
  const startMs = Date.UTC(2026, 0, 1);
  for (let i = 0; i < place.keys; ) {
    const transaction = log.transaction();
    for (const end = Math.min(place.keys, i + BATCH_RECORDS); i < end; i++) {
      const key = `visitor-${i}`;
      transaction.append(TOPIC, partitionForString(key, PARTITIONS), startMs + i, Buffer.from(key), Buffer.from('v'));
    }
    await transaction.commit();
  }
  await log.close();
}

/** Processes everything, and ends as a crash does. */
async function build(place: Place): Promise<void> {
  const log = await openLog(place);
  const streams = application(log, place);
  await streams.start();
  while (!(await isProcessed(log, place))) await delay(50);
  // What is committed is in LevelDB soon after.
  await delay(2000);
  process.kill(process.pid, 'SIGKILL');
}

/** Whether all that is there is processed, and committed. */
async function isProcessed(log: Log, { store }: Place): Promise<boolean> {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const committed = await log.committed(applicationId(store), { topic: TOPIC, partition });
    // On Kafka a commit's mark stands behind the last record.
    if ((committed?.offset ?? 0) < (await log.endOffset({ topic: TOPIC, partition })) - (log.singleOwner ? 0 : 1)) {
      return false;
    }
  }
  return true;
}

/** From the call of `start` until a new record of each partition is processed and committed. */
async function start(place: Place): Promise<Result> {
  const log = await openLog(place);
  const transaction = log.transaction();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    transaction.append(TOPIC, partition, Date.UTC(2026, 0, 1), Buffer.from('visitor-0'), Buffer.from('v'));
  }
  await transaction.commit();
  const streams = application(log, place);
  const startedAt = performance.now();
  await streams.start();
  while (!(await isProcessed(log, place))) await delay(5);
  const seconds = (performance.now() - startedAt) / 1000;
  const { restoredBytes, restoredRecords } = streams.metrics;
  const peakMegabytes = process.resourceUsage().maxRSS / 1024;
  await streams.close();
  await log.close();
  return { seconds, restoredRecords, restoredBytes, peakMegabytes };
}

function inChild(step: string, place: Place): string {
  const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), step, JSON.stringify(place)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0 && !(step === 'build' && child.signal === 'SIGKILL')) throw new Error(`${step} failed`);
  return child.stdout;
}

async function bench(keys: number, logs: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-restore-'));
  const stack = await Stack.open({ directory: join(directory, 'stack'), ports: await freePorts() });
  const number = (value: number) => Math.round(value).toLocaleString('en-US');
  try {
    await stack.up(['kafka']);
    console.log(`${number(keys)} keys in ${PARTITIONS} partitions, broker and application on the same machine\n`);
    for (const log of logs) {
      for (const store of STORES) {
        const place: Place = {
          directory: join(directory, `${log}-${store}`),
          store,
          keys,
          ...(log === 'kafka' ? { brokers: stack.addresses.brokers } : {}),
        };
        mkdirSync(place.directory);
        // On the broker both stores count the same visits.
        if (log === 'embedded' || store === STORES[0]) inChild('preload', place);
        inChild('build', place);
        for (const way of ['after kill -9', 'cold']) {
          if (way === 'cold') rmSync(join(place.directory, 'state'), { recursive: true });
          if (log === 'kafka') await delay(SESSION_MS);
          const result = JSON.parse(inChild('start', place)) as Result;
          console.log(
            [
              `${log}, ${store}, ${way}`.padEnd(36),
              `${result.seconds.toFixed(2)} s`.padStart(9),
              `${number(result.restoredRecords)} records`.padStart(19),
              `${(result.restoredBytes / 1e6).toFixed(1)} MB`.padStart(10),
              `peak ${number(result.peakMegabytes)} MB`.padStart(14),
            ].join(''),
          );
        }
      }
    }
  } finally {
    await stack.down();
    rmSync(directory, { recursive: true, force: true });
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    keys: { type: 'string', default: '1000000' },
    log: { type: 'string', multiple: true, default: ['embedded', 'kafka'] },
  },
});
const [step, where = '{}'] = positionals;
const place = JSON.parse(where) as Place;
if (step === 'preload') await preload(place);
else if (step === 'build') await build(place);
else if (step === 'start') process.stdout.write(JSON.stringify(await start(place)));
else await bench(Number(values.keys), values.log);
