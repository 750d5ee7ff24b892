import { setTimeout as delay } from 'node:timers/promises';
import type { RawTopicWriter } from '../../producer/raw-topic-writer.js';
import { SensorSimulator } from '../../producer/sensor-simulator.js';
import { ServiceLogSimulator } from '../../producer/service-log-simulator.js';
import type { TopicWriter } from '../../producer/topic-writer.js';
import { TrafficSimulator } from '../../producer/traffic-simulator.js';
import type { SensorReading, ServiceLog } from '../../schemas/records.js';
import type { SimulatedSource, Simulation } from './source.js';

const LIVE_INTERVAL_MS = 50;
const WRITE_EVENTS = 10_000;

/** Writes simulated events until there are as many as asked for, or it is aborted. @throws LogError */
export async function simulateRequests(
  options: Simulation,
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
    disorderMs: options.disorderMs,
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

/** Writes simulated service logs, of the time that `simulateRequests` writes requests of. @throws LogError */
export async function simulateServiceLogs(
  options: SimulatedSource,
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
export async function simulateReadings(
  options: SimulatedSource,
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
function spanOf({ count, rate }: Simulation): number | undefined {
  return count === undefined ? undefined : Math.ceil((count / rate) * 1000);
}

/** A given number of events is written at once: their time ends about now. */
function startOf(options: Simulation): number {
  return Date.now() - (spanOf(options) ?? options.pastMs ?? 0);
}

function untilEnd(options: Simulation, simulator: { readonly arrivalMs: number }) {
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
