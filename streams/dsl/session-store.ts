import type { Serde } from '../serde/serde.js';
import { ProcessorSessionStore } from '../state/sessions/processor-session-store.js';
import type { SessionStoreDefinition } from '../topology/processor.js';
import { type Duration, toMilliseconds } from './duration.js';
import { processorStore } from './processor-store.js';

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
  const store = processorStore(options, 'sessions');
  const retentionMs = toMilliseconds(retention, `the retention of the store "${name}"`);
  return {
    ...store,
    type: 'session',
    create: () => new ProcessorSessionStore({ name, keySerde, valueSerde, retentionMs }),
  };
}
