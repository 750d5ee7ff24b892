import type { Serde } from '../serde/serde.js';
import { ProcessorSessionStore } from '../state/sessions/processor-session-store.js';
import type { SessionStoreDefinition } from '../topology/processor.js';
import { type StoreSerdes, TopologyError } from '../topology/topology.js';
import { type Duration, toMilliseconds } from './duration.js';

export interface SessionStoreOptions<K, V> {
  readonly name: string;
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<V>;
  /** How long, behind the latest end of a session that was put, sessions are kept. */
  readonly retention: Duration;
}

/**
 * Defines a store of sessions for `KStream#process`; as `keyValueStore`. All sessions within the retention are in memory.
 *
 * @throws TopologyError when a serde is missing
 * @throws ArgumentError when the retention is no duration
 */
export function sessionStore<K, V>(options: SessionStoreOptions<K, V>): SessionStoreDefinition<K, V> {
  const { keySerde, name, retention, valueSerde } = options;
  if (keySerde === undefined || valueSerde === undefined) {
    throw new TopologyError(`the store "${name}" needs serdes; pass { keySerde: …, valueSerde: … }`);
  }
  const retentionMs = toMilliseconds(retention, `the retention of the store "${name}"`);
  return {
    name,
    isNameGenerated: false,
    contents: { kind: 'entries', keys: keySerde.format, values: valueSerde.format, windows: 'sessions' },
    serdes: { key: keySerde, value: valueSerde } as StoreSerdes,
    type: 'session',
    create: () => new ProcessorSessionStore({ name, keySerde, valueSerde, retentionMs }),
  };
}
