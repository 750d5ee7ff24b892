/**
 * What it costs to ask for state at full load: `npm run bench:state-queries`. One process counts a preloaded topic as fast as
 * it can, and is asked meanwhile: by itself, and by another process over HTTP. A run that nobody asks shows what it costs.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  partitionForString,
  type StateQueryRequest,
  Streams,
  StreamsBuilder,
  stringSerde,
  TimeWindows,
} from '@millrace/streams';
import { EmbeddedLog } from '@millrace/streams/embedded';

const PARTITIONS = 4;
const KEYS = 10_000;
/** Of all partitions together; what is read at once is processed at once. */
const BATCH_EVENTS = 5000;
/** Each time that others than the tasks have their turn. */
const ASKED_PER_TURN = 10;
const START_MS = Date.UTC(2026, 0, 1, 9);
const EVENTS_PER_SECOND = 2000;

async function preload(log: EmbeddedLog, events: number): Promise<void> {
  await log.ensureTopic('requests', { partitions: PARTITIONS });
  for (let written = 0; written < events; ) {
    const transaction = log.transaction();
    for (const end = Math.min(events, written + BATCH_EVENTS); written < end; written++) {
      const client = keyOf(written);
      const timestamp = START_MS + Math.floor((written * 1000) / EVENTS_PER_SECOND);
      transaction.append(
        'requests',
        partitionForString(client, PARTITIONS),
        timestamp,
        Buffer.from(client),
        Buffer.from('/'),
      );
    }
    await transaction.commit();
  }
}

function keyOf(i: number): string {
  return `10.0.${Math.floor((i * 7919) % KEYS) % 256}.${Math.floor(((i * 7919) % KEYS) / 256)}`;
}

function topology() {
  const builder = new StreamsBuilder();
  const requests = builder.stream('requests', { key: stringSerde, value: stringSerde, nulls: 'skip' }).groupByKey();
  requests.count({ name: 'by-client' });
  requests.windowedBy(TimeWindows.ofSizeAndGrace('20s', '5s').advanceBy('1s')).count({ name: 'per-window' });
  return builder.build();
}

interface Run {
  readonly eventsPerSecond: number;
  readonly byKey: number[];
  readonly byWindow: number[];
  readonly overHttp: number[];
}

async function run(
  directory: string,
  name: string,
  events: number,
  asks: 'nobody' | 'itself' | 'another',
): Promise<Run> {
  const log = await EmbeddedLog.open({ directory: join(directory, 'log') });
  const applicationServer = { host: '127.0.0.1', port: 0, listen: '127.0.0.1' };
  const streams = new Streams(topology(), {
    ...{ applicationId: name, log, stateDirectory: join(directory, 'state'), applicationServer },
  });
  const startedAt = performance.now();
  await streams.start();
  let done = false;
  const drained = streams.drain().then(() => {
    done = true;
  });
  const [byKey, byWindow]: [number[], number[]] = [[], []];
  const other =
    asks === 'another' ? startAsking(streams.metadataForAllStreamsClients()[0]?.hostInfo?.port ?? 0) : undefined;
  for (let i = 0; asks === 'itself' && !done; i++) {
    await nextTurn();
    for (let j = 0; j < ASKED_PER_TURN; j++) {
      const key = keyOf(i * ASKED_PER_TURN + j);
      byKey.push(await timed(streams, { store: 'by-client', query: { type: 'key', key } }));
    }
    const time = streams.streamTime;
    if (time < 0) continue;
    const query = { type: 'window-key', key: keyOf(i), from: time - 20_000, to: time } as const;
    byWindow.push(await timed(streams, { store: 'per-window', query }));
  }
  await drained;
  const seconds = (performance.now() - startedAt) / 1000;
  const overHttp = (await other?.end()) ?? [];
  await streams.close();
  await log.close();
  return { eventsPerSecond: events / seconds, byKey, byWindow, overHttp };
}

/** Of the partition of the key alone, from the call to the whole answer, in milliseconds. */
async function timed(streams: Streams, request: StateQueryRequest): Promise<number> {
  const { query } = request;
  const key = 'key' in query ? (query.key as string) : '';
  const partition = partitionForString(key, PARTITIONS);
  const askedAt = performance.now();
  const answer = (await streams.query({ ...request, partitions: [partition] })).partitions.get(partition);
  if (answer?.isSuccess !== true) throw new Error(answer?.message);
  if (query.type !== 'key') for await (const _ of answer.value as AsyncIterable<unknown>);
  return performance.now() - askedAt;
}

function startAsking(port: number) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--ask', `${port}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let told = '';
  child.stdout.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    async end(): Promise<number[]> {
      child.stdin.end();
      await closed;
      return JSON.parse(told) as number[];
    },
  };
}

/** Asks by key, one after the other, until its input ends. */
async function ask(port: number): Promise<void> {
  let ended = false;
  process.stdin.on('end', () => {
    ended = true;
  });
  process.stdin.resume();
  const took: number[] = [];
  for (let i = 0; !ended; i++) {
    const key = keyOf(i);
    const body = { store: 'by-client', partition: partitionForString(key, PARTITIONS), query: { type: 'key', key } };
    const askedAt = performance.now();
    const response = await fetch(`http://127.0.0.1:${port}/state-queries`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    await response.text();
    if (!response.ok) throw new Error(`answered ${response.status}`);
    took.push(performance.now() - askedAt);
  }
  process.stdout.write(JSON.stringify(took));
}

function row(name: string, times: number[]): void {
  const sorted = times.sort((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(3);
  console.log(`| ${name} | ${sorted.length.toLocaleString('en')} | ${at(0.5)} | ${at(0.99)} | ${at(1)} |`);
}

const { values } = parseArgs({
  options: { events: { type: 'string', default: '2000000' }, ask: { type: 'string' } },
});
if (values.ask !== undefined) await ask(Number(values.ask));
else {
  const events = Number(values.events);
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    const log = await EmbeddedLog.open({ directory: join(directory, 'log'), fsync: false });
    await preload(log, events);
    await log.close();
    const unasked = await run(directory, 'unasked', events, 'nobody');
    const itself = await run(directory, 'itself', events, 'itself');
    const another = await run(directory, 'another', events, 'another');
    const perSecond = (one: Run) => Math.round(one.eventsPerSecond).toLocaleString('en');
    console.log(
      `events/s: ${perSecond(unasked)} unasked, ${perSecond(itself)} asked by itself, ${perSecond(another)} over HTTP\n`,
    );
    console.log('| query at full load | asked | median ms | 99 % ms | most ms |\n| --- | ---: | ---: | ---: | ---: |');
    row('by key, in the process', itself.byKey);
    row('windows of a key, in the process', itself.byWindow);
    row('by key, over HTTP', another.overHttp);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
