import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { OtherSimulations, SimulationOptions, SourceOptions } from '../../cli/options/options.js';
import { UsageError } from '../../cli/options/usage-error.js';
import { say } from '../../cli/terminal/output.js';
import { SafeText } from '../../cli/terminal/safe-text.js';
import type { ClientRule } from '../../producer/client-address.js';
import { ASSET_PATHS, excludedPaths } from '../../producer/excluded-paths.js';
import { readLogs } from '../../producer/log-source.js';
import { ProducerError } from '../../producer/producer-error.js';
import type { RawTopicWriter } from '../../producer/raw-topic-writer.js';
import { SensorSimulator } from '../../producer/sensor-simulator.js';
import { ServiceLogSimulator } from '../../producer/service-log-simulator.js';
import type { TopicWriter } from '../../producer/topic-writer.js';
import { TrafficSimulator } from '../../producer/traffic-simulator.js';
import type { AccessLog, SensorReading, ServiceLog } from '../../schemas/records.js';
import { usualHost } from './host-from-file.js';

const DAY_MS = 86_400_000;
const LIVE_INTERVAL_MS = 50;
const WRITE_EVENTS = 10_000;

/** Writes the source's events to the raw topic until it ends or is aborted. @throws ProducerError, LogError */
export async function feed(options: SourceOptions, writer: RawTopicWriter, signal: AbortSignal): Promise<void> {
  if (options.input !== undefined) await feedFiles(options, options.input, writer, signal);
  else await feedSimulated(options, writer, signal);
}

async function feedFiles(
  options: SourceOptions,
  inputs: readonly string[],
  writer: RawTopicWriter,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      await readInto(options, inputs, writer, signal);
      return;
    } catch (error) {
      // What has no positions cannot be read again.
      const isMoved = error instanceof ProducerError && error.code === 'INPUT_MOVED';
      if (!isMoved || !(await areFiles(inputs))) throw error;
    }
  }
}

async function areFiles(inputs: readonly string[]): Promise<boolean> {
  for (const input of inputs) {
    if (input === '-' || !(await stat(input).catch(() => undefined))?.isFile()) return false;
  }
  return true;
}

async function readInto(
  options: SourceOptions,
  inputs: readonly string[],
  writer: RawTopicWriter,
  signal: AbortSignal,
): Promise<void> {
  const { hostFromFile } = options;
  const client = clientRule(options);
  const excluded = [...(options.excludePath ?? []), ...(options.assets ? [] : [ASSET_PATHS])];
  const batches = readLogs({
    inputs,
    format: options.logFormat,
    host: options.host,
    server: options.server,
    ...(client === undefined ? {} : { client }),
    maxFutureMs: DAY_MS,
    follow: options.follow ?? false,
    // A batch is written whole, with its position: at a pace, each line has its own time.
    ...(options.speed === undefined ? {} : { batchLines: 1 }),
    signal,
    positions: writer.positions,
    maxAheadMs: options.maxLineAhead,
    ...(excluded.length === 0 ? {} : { isExcluded: excludedPaths(excluded) }),
    ...(hostFromFile === undefined ? {} : { hostOf: hostFromFile === true ? usualHost : hostFromFile }),
    onWarning: (message) => say(SafeText.of(message)),
    onDamage: (message) => {
      writer.metrics.damage.push(message);
      say(SafeText.of(message));
    },
  });
  const pacer = options.speed === undefined ? undefined : new Pacer(options.speed, signal);
  for await (const batch of batches) {
    await pacer?.waitFor(batch.events);
    if (signal.aborted) return;
    await writer.writeBatch(batch);
  }
}

function clientRule({ clientFrom, trustedProxies = [] }: SourceOptions): ClientRule | undefined {
  if (clientFrom !== undefined) return { from: clientFrom, trustedProxies };
  if (trustedProxies.length > 0)
    throw new UsageError('--trusted-proxies needs --client-from, the header that they write');
  return undefined;
}

/** Writes simulated events until there are as many as asked for, or it is aborted. @throws LogError */
export async function feedSimulated(
  options: SimulationOptions,
  writer: Pick<RawTopicWriter, 'write'>,
  signal: AbortSignal,
): Promise<void> {
  const { rate, clients = Math.ceil(50 * rate), hosts = Math.max(4, Math.ceil(rate / 5)) } = options;
  const simulator = new TrafficSimulator({
    seed: options.seed,
    startMs: startOf(options),
    eventsPerSecond: rate,
    clients,
    hosts,
    countries: options.countries,
    disorderMs: options.disorder,
    incidents: options.incidents,
    // Few clients or hosts cannot share that many requests without going over the thresholds.
    belowThresholds: clients >= 5 * rate && hosts >= rate / 10,
  });
  let left = options.count ?? Number.POSITIVE_INFINITY;
  await writeAsTheyCome(
    {
      // With a count the events come as fast as they can be written; without, at their rate.
      hasNext: () => left > 0 && (options.count !== undefined || simulator.arrivalMs <= Date.now()),
      isOver: () => left <= 0,
      next: () => {
        left--;
        return simulator.next().event;
      },
    },
    writer,
    signal,
  );
}

/** Writes simulated service logs, of the time that `feedSimulated` writes requests of. @throws LogError */
export async function feedServiceLogs(
  options: SimulationOptions & OtherSimulations,
  writer: Pick<TopicWriter<ServiceLog>, 'write'>,
  signal: AbortSignal,
): Promise<void> {
  const simulator = new ServiceLogSimulator({
    seed: options.seed,
    startMs: startOf(options),
    linesPerSecond: options.logRate,
    ...(options.incidents ? {} : { faults: [] }),
  });
  const { hasNext, isOver } = untilEnd(options, simulator);
  await writeAsTheyCome({ hasNext, isOver, next: () => simulator.next().line }, writer, signal);
}

/** The same for readings of sensors. @throws LogError */
export async function feedReadings(
  options: SimulationOptions & OtherSimulations,
  writer: Pick<TopicWriter<SensorReading>, 'write'>,
  signal: AbortSignal,
): Promise<void> {
  const simulator = new SensorSimulator({
    seed: options.seed,
    startMs: startOf(options),
    readingsPerSecond: options.sensorRate,
    ...(options.incidents ? {} : { faults: [] }),
  });
  const { hasNext, isOver } = untilEnd(options, simulator);
  await writeAsTheyCome({ hasNext, isOver, next: () => simulator.next().reading }, writer, signal);
}

/** How long the requests of a count last. */
function spanOf({ count, rate }: SimulationOptions): number | undefined {
  return count === undefined ? undefined : Math.ceil((count / rate) * 1000);
}

/** A given number of events is written at once: their time ends about now. */
function startOf(options: SimulationOptions): number {
  return Date.now() - (spanOf(options) ?? options.pastMs ?? 0);
}

function untilEnd(options: SimulationOptions, simulator: { readonly arrivalMs: number }) {
  const spanMs = spanOf(options);
  const endMs = spanMs === undefined ? undefined : simulator.arrivalMs + spanMs;
  return {
    hasNext: () => simulator.arrivalMs < (endMs ?? Date.now()),
    isOver: () => endMs !== undefined && simulator.arrivalMs >= endMs,
  };
}

/** What comes from a simulator: what there is now, and what comes later. */
interface Arrivals<V> {
  hasNext(): boolean;
  next(): V;
  isOver(): boolean;
}

async function writeAsTheyCome<V>(
  arrivals: Arrivals<V>,
  writer: { write(values: readonly V[]): Promise<void> },
  signal: AbortSignal,
): Promise<void> {
  while (!arrivals.isOver() && !signal.aborted) {
    const values: V[] = [];
    while (values.length < WRITE_EVENTS && arrivals.hasNext()) values.push(arrivals.next());
    if (values.length > 0) await writer.write(values);
    if (values.length < WRITE_EVENTS && !arrivals.isOver()) {
      await delay(LIVE_INTERVAL_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/** Holds events back until their time comes, on a clock that runs `speed` times as fast. */
class Pacer {
  readonly #speed: number;
  readonly #signal: AbortSignal;
  #first: number | undefined;
  readonly #startedAt = Date.now();

  constructor(speed: number, signal: AbortSignal) {
    this.#speed = speed;
    this.#signal = signal;
  }

  async waitFor(events: readonly AccessLog[]): Promise<void> {
    const [first] = events;
    if (first === undefined) return;
    this.#first ??= first.timestamp;
    const newest = events.reduce((latest, { timestamp }) => Math.max(latest, timestamp), 0);
    const due = this.#startedAt + (newest - this.#first) / this.#speed;
    const waitMs = due - Date.now();
    if (waitMs > 0) await delay(waitMs, undefined, { signal: this.#signal }).catch(() => {});
  }
}
