import type { Tally } from '../detection/peers.js';
import type { Alert } from '../schemas/records.js';
import {
  type Aggregator,
  jsonSerde,
  type KeyValueStore,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  type Serde,
  type StreamRecord,
  stringSerde,
  type Windowed,
} from '../streams/index.js';
import { sendAlerts } from './alerts.js';
import type { ApplicationConfig } from './application-config.js';
import { type Detection, isInEpisode, Monitor, type MonitorState, short } from './monitor.js';
import type { TopicSerdes } from './serdes.js';
import { closedWindows, isError, type Line, type Lines } from './service-lines.js';

const STORE = 'instance-monitor';
/** An episode is over when so many windows in a row were as usual. */
const CLOSE_AFTER = 3;
/** Responses that take longer than so large a share of the others' are slow. */
const FAST_SHARE = 0.9;
/** Of response times: nine minutes and more. */
const LAST_BUCKET = 20;

/** Compares the instances of a service with each other, every few seconds: finds a bad one among many. */
export function serviceInstances(lines: Lines, config: ApplicationConfig, serdes: TopicSerdes<'alerts'>): void {
  const { grace, size } = config.services;
  const windows = closedWindows(
    lines.filter((_key, { source }) => source !== null),
    {
      name: 'instances',
      entity: ({ service }) => service,
      ...{ size, grace, aggregator: BY_INSTANCE, serde: mapSerde<InstanceLines>() },
    },
  );
  const store = keyValueStore({ name: STORE, keySerde: stringSerde, valueSerde: mapSerde<MonitorState>() });
  const alerts = windows.process<string, readonly Alert[]>(() => new InstanceMonitor(), {
    name: STORE,
    stores: [store],
  });
  sendAlerts(alerts, config, serdes);
}

/** The lines of an instance in a window. */
interface InstanceLines {
  count: number;
  /** Of level ERROR or CRITICAL. */
  errors: number;
  /** How many responses took how long: up to 1 ms, 2 ms, 4 ms and so on. */
  times: number[];
}

/** By `source`. */
type Instances = Map<string, InstanceLines>;

/** An instance's lines in a window, and those of all others of its service. */
interface InstanceWindow {
  readonly own: InstanceLines;
  readonly peers: InstanceLines;
}

/** What is known of each instance that is not quite like the others. */
type InstanceStates = Map<string, MonitorState>;

const DETECTION: Detection<InstanceWindow> = {
  name: 'unlike-its-peers',
  signals: [
    {
      tallies: ({ own, peers }) => ({ own: errorsOf(own), peers: errorsOf(peers) }),
      severity: 'critical',
      field: 'level',
      explain: (share) => `a share of ${short(share)} of its lines are errors`,
    },
    {
      tallies: ({ own, peers }) => {
        const fast = fastTimes(peers.times);
        return { own: slowOf(own, fast), peers: slowOf(peers, fast) };
      },
      severity: 'critical',
      field: 'response_time',
      explain: (share) => `a share of ${short(share)} of its responses are slow`,
    },
  ],
  episodes: { closeAfter: CLOSE_AFTER },
};

class InstanceMonitor implements Processor<Windowed<string>, Instances, string, readonly Alert[]> {
  readonly #monitor = new Monitor('service', [DETECTION]);
  #context: ProcessorContext<string, readonly Alert[]> | undefined;
  #states: KeyValueStore<string, InstanceStates> | undefined;

  init(context: ProcessorContext<string, readonly Alert[]>): void {
    this.#context = context;
    this.#states = context.stateStore(STORE);
  }

  process({ key, timestamp, value: instances }: StreamRecord<Windowed<string>, Instances>): void {
    const {
      key: service,
      window: { end, start },
    } = key;
    const states: InstanceStates = this.#states?.get(service) ?? new Map();
    const all = [...instances.values()].reduce(sum, noLines());
    const alerts: Alert[] = [];
    for (const entity of new Set([...instances.keys(), ...states.keys()])) {
      const own = instances.get(entity) ?? noLines();
      const state = states.get(entity) ?? {};
      const observed = { entity, scope: `service/${service}`, start, end };
      const judgement = this.#monitor.observe(state, { own, peers: difference(all, own) }, observed);
      alerts.push(...judgement.alerts);
      if (judgement.scores[DETECTION.name] === 0 && !isInEpisode(state)) states.delete(entity);
      else states.set(entity, state);
    }
    this.#states?.put(service, states);
    if (alerts.length > 0) this.#context?.forward({ key: service, value: alerts, timestamp });
  }
}

function noLines(): InstanceLines {
  return { count: 0, errors: 0, times: [] };
}

/** The window's counts grow where they are; a merge makes new ones. */
const BY_INSTANCE: Aggregator<string, Line, Instances> = {
  initializer: () => new Map(),
  add: (_service, line, instances) => {
    const source = line.source as string;
    let lines = instances.get(source);
    if (lines === undefined) {
      lines = noLines();
      instances.set(source, lines);
    }
    lines.count++;
    if (isError(line)) lines.errors++;
    if (line.response_time !== null) {
      const bucket = bucketOf(line.response_time);
      while (lines.times.length <= bucket) lines.times.push(0);
      lines.times[bucket] = (lines.times[bucket] ?? 0) + 1;
    }
    return instances;
  },
  merge: (left, right) => {
    const merged = new Map(left);
    for (const [source, lines] of right) merged.set(source, sum(merged.get(source) ?? noLines(), lines));
    return merged;
  },
};

function mapSerde<V>(): Serde<Map<string, V>> {
  const entries = jsonSerde<[string, V][]>();
  return {
    serialize: (topic, map) => entries.serialize(topic, [...map]),
    deserialize: (...serialized) => new Map(entries.deserialize(...serialized)),
  };
}

function bucketOf(time: number): number {
  return time > 1 ? Math.min(LAST_BUCKET, Math.ceil(Math.log2(time))) : 0;
}

function sum(one: InstanceLines, other: InstanceLines): InstanceLines {
  const [longer, shorter] = one.times.length > other.times.length ? [one, other] : [other, one];
  return {
    count: one.count + other.count,
    errors: one.errors + other.errors,
    times: longer.times.map((count, bucket) => count + (shorter.times[bucket] ?? 0)),
  };
}

function difference(all: InstanceLines, part: InstanceLines): InstanceLines {
  return {
    count: all.count - part.count,
    errors: all.errors - part.errors,
    times: all.times.map((count, bucket) => count - (part.times[bucket] ?? 0)),
  };
}

function errorsOf({ count, errors }: InstanceLines): Tally {
  return { count, failures: errors };
}

/** How many of the shortest buckets hold the fast responses. */
function fastTimes(times: readonly number[]): number {
  const responses = total(times);
  let fast = 0;
  for (let bucket = 0; bucket < times.length; bucket++) {
    fast += times[bucket] ?? 0;
    if (fast >= FAST_SHARE * responses) return bucket + 1;
  }
  return times.length;
}

function slowOf({ times }: InstanceLines, fast: number): Tally {
  return { count: total(times), failures: total(times.slice(fast)) };
}

function total(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}
