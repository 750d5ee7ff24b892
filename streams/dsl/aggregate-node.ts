import type { Serde } from '../serde/serde.js';
import type { Combiner, PartitionOf } from '../topology/combiner.js';
import { type Graph, requireSynchronous } from '../topology/graph.js';
import {
  type CompiledNode,
  type Forward,
  type GraphNode,
  type RepartitionNode,
  type StoreDefinition,
  type TaskContext,
  TopologyError,
} from '../topology/topology.js';
import type { Serdes } from './options.js';

/** What is aggregated. */
export interface GroupedRecords<K, V> {
  readonly graph: Graph;
  readonly node: GraphNode;
  readonly serdes: Serdes<K, V>;
  readonly repartitionNeeded: boolean;
  readonly repartitionName: string | undefined;
}

/** An aggregate and, when the key has changed, the repartition before it. */
export function aggregateNode<K, V>(
  grouped: GroupedRecords<K, V>,
  name: string,
  combiner: ((task: TaskContext, partitionOf: PartitionOf) => Combiner) | undefined,
  store: StoreDefinition,
  compile: (task: TaskContext, forward: Forward) => CompiledNode,
  functions: object,
): GraphNode {
  const { graph, serdes } = grouped;
  requireSynchronous(`the aggregate "${name}"`, { ...functions });
  let parent = grouped.node;
  if (grouped.repartitionNeeded) {
    if (combiner === undefined && serdes.value === undefined) {
      throw new TopologyError(
        `the aggregate "${name}" cannot merge, so that values go through a topic: pass { value: … } when grouping`,
      );
    }
    const repartition = grouped.repartitionName ?? name;
    parent = graph.add<RepartitionNode>(
      {
        kind: 'repartition',
        name: `${repartition}-repartition`,
        children: [],
        topic: `${repartition}-repartition`,
        keySerde: serdes.key as Serde<unknown>,
        valueSerde: serdes.value as Serde<unknown> | undefined,
        partitions: undefined,
        combiner,
      },
      parent,
    );
  }
  return graph.processor(name, parent, compile, [store]);
}

export function needMaterialized(materialized: { readonly value: unknown } | undefined): void {
  if (materialized?.value === undefined) {
    throw new TopologyError('an aggregate needs a serde for its values; pass { value: … } behind the aggregator');
  }
}

export function needAggregateSerde<T>(serde: Serde<T> | undefined, what: string): Serde<T> {
  if (serde === undefined) throw new TopologyError(`"${what}" needs a serde; pass it when grouping or materializing`);
  return serde;
}
