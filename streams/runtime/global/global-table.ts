import type { RecordCursor } from '../../log/log.js';
import { CommittedKeyValueStore } from '../../state/key-value/committed-key-value-store.js';
import type { StoreView } from '../../state/read-only-stores.js';
import type { StateDatabase } from '../../state/state-database.js';
import { storeKey } from '../../state/store-keys.js';
import type { GlobalTableDefinition } from '../../topology/topology.js';

/** The latest value of each key of a topic, whatever its partition. */
export class GlobalTable {
  readonly name: string;
  readonly topic: string;
  readonly #definition: GlobalTableDefinition;
  readonly #database: StateDatabase;
  readonly #rows: CommittedKeyValueStore<unknown, unknown, unknown>;

  constructor(definition: GlobalTableDefinition, database: StateDatabase) {
    this.name = definition.name;
    this.topic = definition.topic;
    this.#definition = definition;
    this.#database = database;
    const { key: keySerde, value: valueSerde } = definition.serdes;
    this.#rows = new CommittedKeyValueStore({
      name: definition.name,
      keySerde,
      valueSerde,
      database,
      shown: (value) => value,
    });
  }

  /** Undefined where there is no row. */
  get(key: unknown): unknown {
    return this.#rows.get(key);
  }

  view(): StoreView {
    return { kind: 'key-value', store: this.#rows };
  }

  /** Decodes the record that the cursor stands at. @throws what the serdes throw */
  read({ keyBytes, keyEnd, keyStart, topic, valueBytes, valueEnd, valueStart }: RecordCursor): void {
    const { key, value } = this.#definition.serdes;
    key.deserialize(topic, keyBytes, keyStart, keyEnd);
    if (valueStart >= 0) value.deserialize(topic, valueBytes, valueStart, valueEnd);
  }

  /** Takes the record that the cursor stands at. */
  apply({ keyBytes, keyEnd, keyStart, valueBytes, valueEnd, valueStart }: RecordCursor): void {
    const key = storeKey(this.name, keyBytes.subarray(keyStart, keyEnd));
    if (valueStart < 0) this.#database.stageDelete(key);
    else this.#database.stagePut(key, Buffer.from(valueBytes.subarray(valueStart, valueEnd)));
  }
}
