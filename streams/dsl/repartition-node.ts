import type { Serde, SerdeFor } from '../serde/serde.js';
import type { Graph } from '../topology/graph.js';
import { type GraphNode, type RepartitionNode, TopologyError } from '../topology/topology.js';

/** Through a topic that a join or a table behind it needs. */
export function repartitioned(
  { graph, node }: { readonly graph: Graph; readonly node: GraphNode },
  given: { readonly name: string; readonly key: unknown; readonly value: unknown; readonly keepsNullKeys?: boolean },
): GraphNode {
  return graph.add<RepartitionNode>(
    {
      kind: 'repartition',
      name: `${given.name}-repartition`,
      children: [],
      topic: `${given.name}-repartition`,
      keySerde: given.key as Serde<unknown>,
      valueSerde: given.value as Serde<unknown>,
      partitions: undefined,
      isForJoin: true,
      keepsNullKeys: given.keepsNullKeys ?? false,
      combiner: undefined,
    },
    node,
  );
}

/** What it reads is what the stream's values were when it wrote them. */
export function needSerde<T>(serde: SerdeFor<T> | undefined, what: 'key' | 'value', where: string): Serde<T> {
  if (serde === undefined) throw new TopologyError(`${where} needs a serde for the ${what}; pass { ${what}: … }`);
  return serde as Serde<T>;
}
