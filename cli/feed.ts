import { setTimeout as delay } from 'node:timers/promises';
import { readLogs } from '../producer/log-source.js';
import type { RawTopicWriter } from '../producer/raw-topic-writer.js';
import { TrafficSimulator } from '../producer/traffic-simulator.js';
import type { AccessLog } from '../schemas/records.js';
import type { SimulationOptions, SourceOptions } from './options.js';

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
  const batches = readLogs({
    inputs,
    format: options.logFormat,
    host: options.host,
    server: options.server,
    maxFutureMs: DAY_MS,
    follow: options.follow ?? false,
    // A batch is written whole, with its position: at a pace, each line has its own time.
    ...(options.speed === undefined ? {} : { batchLines: 1 }),
    signal,
    positionOf: (source) => writer.positionOf(source),
  });
  const pacer = options.speed === undefined ? undefined : new Pacer(options.speed, signal);
  for await (const batch of batches) {
    await pacer?.waitFor(batch.events);
    if (signal.aborted) return;
    await writer.writeBatch(batch);
  }
}

/** Writes simulated events until there are as many as asked for, or it is aborted. @throws LogError */
export async function feedSimulated(
  options: SimulationOptions,
  writer: RawTopicWriter,
  signal: AbortSignal,
): Promise<void> {
  // A given number of events is written at once: their time ends about now.
  const spanMs = options.count === undefined ? (options.pastMs ?? 0) : Math.ceil((options.count / options.rate) * 1000);
  const startMs = Date.now() - spanMs;
  const { rate, clients = Math.ceil(50 * rate), hosts = Math.max(4, Math.ceil(rate / 5)) } = options;
  const simulator = new TrafficSimulator({
    seed: options.seed,
    startMs,
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
  while (left > 0 && !signal.aborted) {
    const events: AccessLog[] = [];
    // With a count the events come as fast as they can be written; without, at their rate.
    const until = options.count === undefined ? Date.now() : Number.POSITIVE_INFINITY;
    while (left > 0 && simulator.arrivalMs <= until && events.length < WRITE_EVENTS) {
      events.push(simulator.next().event);
      left--;
    }
    if (events.length > 0) await writer.write(events);
    if (options.count === undefined) await delay(LIVE_INTERVAL_MS, undefined, { signal }).catch(() => {});
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
