import type { TopicPartition } from '../log/log.js';
import { partitionForKey } from '../log/partitioner.js';
import {
  type HostInfo,
  hasPartition,
  type MemberWork,
  type Partitions,
  type WorkingMember,
} from '../runtime/group/group-members.js';
import type { Serde } from '../serde/serde.js';
import type { StoreDefinition } from '../topology/topology.js';
import { unknownStore } from './local-state-queries.js';
import type { TaskStores } from './task-stores.js';

/** An instance of an application, with what it last told of itself; Kafka Streams' `StreamsMetadata`. */
export interface StreamsMetadata {
  /** Undefined where the instance has no `applicationServer`. */
  readonly hostInfo: HostInfo | undefined;
  /** Whether it is this instance. */
  readonly isLocal: boolean;
  /** Of its tasks. */
  readonly stateStoreNames: readonly string[];
  /** What its tasks read. */
  readonly topicPartitions: readonly TopicPartition[];
  /** By store, the partitions of its tasks, which may be restored still. */
  readonly activePartitions: Partitions;
  readonly standbyStateStoreNames: readonly string[];
  /** By store, the partitions that it keeps up to date for others. */
  readonly standbyPartitions: Partitions;
}

/** Who has the partition of a key; Kafka Streams' `KeyQueryMetadata`. */
export interface KeyQueryMetadata {
  /** Undefined where no instance says that it has the partition, as in a rebalance, or it has no `applicationServer`. */
  readonly activeHost: HostInfo | undefined;
  readonly standbyHosts: readonly HostInfo[];
  readonly partition: number;
}

/** Numbers the partition of a key, from 0 to one less than there are. */
export type StorePartitioner<K> = (key: K, partitions: number) => number;

/** Who has the partition of a store. */
export interface PartitionOwners {
  /** The instance whose task has it, and that has taken it last. */
  readonly active: StreamsMetadata | undefined;
  readonly standbys: readonly StreamsMetadata[];
}

const NO_WORK: MemberWork = { inputs: {}, active: {}, standby: {} };

/** What is known of the instances of an application: of this one at first hand, of the others by what they tell. */
export class ApplicationMetadata {
  readonly #stores: TaskStores;
  readonly #host: () => HostInfo | undefined;

  constructor(stores: TaskStores, host: () => HostInfo | undefined) {
    this.#stores = stores;
    this.#host = host;
  }

  all(): StreamsMetadata[] {
    return this.#working().map(metadataOf);
  }

  /** @throws StateQueryError UNKNOWN_STORE */
  ofStore(store: string): StreamsMetadata[] {
    this.#definition(store);
    return this.all().filter(
      ({ activePartitions, standbyPartitions }) =>
        Object.hasOwn(activePartitions, store) || Object.hasOwn(standbyPartitions, store),
    );
  }

  /** @throws StateQueryError UNKNOWN_STORE */
  ofKey<K>(store: string, key: K, by?: Serde<K> | StorePartitioner<K>): KeyQueryMetadata {
    const partition = this.partitionOf(store, key, by);
    const { active, standbys } = this.owners(store, partition);
    const standbyHosts = standbys.flatMap(({ hostInfo }) => hostInfo ?? []);
    return { activeHost: active?.hostInfo, standbyHosts, partition };
  }

  /**
   * The partition that the key's records are in, where the default partitioner has put them.
   *
   * @throws StateQueryError UNKNOWN_STORE
   */
  partitionOf<K>(store: string, key: K, by?: Serde<K> | StorePartitioner<K>): number {
    const { serdes } = this.#definition(store);
    const count = this.#stores.keyPartitions(store);
    if (typeof by === 'function') return by(key, count);
    const bytes = (by ?? (serdes.key as Serde<K>)).serialize(store, key);
    return partitionForKey(bytes, count);
  }

  owners(store: string, partition: number): PartitionOwners {
    const working = this.#working();
    const active = working.find((one) => one.owns(store, partition));
    const standbys = working.filter((one) => one !== active && hasPartition(one.standby, store, partition));
    return { active: active && metadataOf(active), standbys: standbys.map(metadataOf) };
  }

  #definition(store: string): StoreDefinition {
    const definition = this.#stores.definition(store);
    if (definition === undefined) throw unknownStore(store);
    return definition;
  }

  /** Where no group shares out the work, all of it is this instance's. */
  #working(): readonly WorkingMember[] {
    const { members, work } = this.#stores.running;
    if (members !== undefined) return members.working;
    const own = work?.() ?? NO_WORK;
    const owns = (store: string, partition: number) => hasPartition(own.active, store, partition);
    return [{ ...own, isSelf: true, host: this.#host(), owns }];
  }
}

function metadataOf({ active, host, inputs, isSelf, standby }: WorkingMember): StreamsMetadata {
  return {
    hostInfo: host,
    isLocal: isSelf,
    stateStoreNames: Object.keys(active),
    topicPartitions: Object.entries(inputs).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition })),
    ),
    activePartitions: active,
    standbyStateStoreNames: Object.keys(standby),
    standbyPartitions: standby,
  };
}
