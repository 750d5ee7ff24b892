import type { Serde } from '../serde/serde.js';
import { type StoreDefinition, type StoreSerdes, TopologyError } from '../topology/topology.js';

/** A store that processors share, as it is asked for. */
interface ProcessorStore<K, V> {
  readonly name: string;
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<V>;
}

/**
 * What the definitions of all stores for `KStream#process` have in common.
 *
 * @param windows what the entries are, other than keys and values
 * @throws TopologyError when a serde is missing
 */
export function processorStore<K, V>(
  { keySerde, name, valueSerde }: ProcessorStore<K, V>,
  windows?: string,
): Omit<StoreDefinition, 'type' | 'create'> {
  if (keySerde === undefined || valueSerde === undefined) {
    throw new TopologyError(`the store "${name}" needs serdes; pass { keySerde: …, valueSerde: … }`);
  }
  return {
    name,
    isNameGenerated: false,
    contents: {
      kind: 'entries',
      keys: keySerde.format,
      values: valueSerde.format,
      ...(windows !== undefined && { windows }),
    },
    serdes: { key: keySerde, value: valueSerde } as StoreSerdes,
  };
}
