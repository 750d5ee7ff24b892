import type { FetchLimits } from './fetcher.js';

/** Any property of librdkafka, by its name there. */
export type KafkaSettings = Readonly<Record<string, string | number | boolean>>;

export type ClientRole = 'admin' | 'consumer' | 'producer';

const ROLE_PREFIX = /^(admin|consumer|producer)[.]/;

/** Members of groups; records are read beside them. */
const CONSUMER: KafkaSettings = {
  'enable.auto.commit': false,
  'enable.auto.offset.store': false,
  'isolation.level': 'read_committed',
};

/**
 * Waits are short, so that a partition that comes later does not wait for them. A partition has two fetches in memory at
 * most: one that lies ready, and one under way.
 */
const FETCH: KafkaSettings = {
  'fetch.wait.max.ms': 100,
  'fetch.min.bytes': 1,
  'fetch.max.bytes': 50 * 1024 * 1024,
  'max.partition.fetch.bytes': 1024 * 1024,
};

const PRODUCER: KafkaSettings = {
  acks: 'all',
  'enable.idempotence': true,
  'linger.ms': 2,
  'batch.size': 1024 * 1024,
  'message.max.bytes': 16 * 1024 * 1024,
  'queue.buffering.max.messages': 200_000,
  'queue.buffering.max.kbytes': 256 * 1024,
  // A call that waits for a group's coordinator that is gone looks for another when any connection changes.
  'connections.max.idle.ms': 30_000,
};

/** It asks for offsets by what it remembers of leaders, and is refused when that is from before a broker's restart. */
const ADMIN: KafkaSettings = {
  'metadata.max.age.ms': 5000,
};

const ALL: KafkaSettings = {
  'socket.keepalive.enable': true,
  // A network that is cut ends no connection. Longer than a broker is missed by its cluster, and shorter than a
  // transaction may last.
  'socket.timeout.ms': 8000,
  'socket.connection.setup.timeout.ms': 5000,
  'reconnect.backoff.max.ms': 1000,
  'topic.metadata.refresh.interval.ms': 60_000,
  // Errors come as events; without this librdkafka writes them, and more, to standard error.
  event_cb: true,
};

/**
 * What a client of the role is made with: defaults, then the user's settings, then what the adapter relies on. A user's
 * setting with a role before its name, such as `consumer.fetch.min.bytes`, is for clients of that role alone.
 */
export function clientSettings(
  role: ClientRole,
  settings: KafkaSettings,
  required: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const general = Object.entries(settings).filter(([name]) => !ROLE_PREFIX.test(name));
  const own = Object.entries(settings)
    .filter(([name]) => name.startsWith(`${role}.`))
    .map(([name, value]) => [name.slice(role.length + 1), value] as const);
  return {
    ...ALL,
    ...(role === 'admin' ? ADMIN : {}),
    ...(role === 'consumer' ? CONSUMER : {}),
    ...(role === 'producer' ? PRODUCER : {}),
    ...Object.fromEntries(general),
    ...Object.fromEntries(own),
    ...required,
  };
}

/** How much is read at a time. */
export function fetchLimits(settings: KafkaSettings): FetchLimits {
  const all = clientSettings('consumer', settings, {});
  const limit = (name: string) => Number(all[name] ?? FETCH[name]);
  return {
    maxWaitMs: limit('fetch.wait.max.ms'),
    minBytes: limit('fetch.min.bytes'),
    maxBytes: limit('fetch.max.bytes'),
    partitionMaxBytes: limit(
      all['fetch.message.max.bytes'] === undefined ? 'max.partition.fetch.bytes' : 'fetch.message.max.bytes',
    ),
  };
}
