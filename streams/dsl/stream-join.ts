import type { Join, JoinKind, JoinSide } from '../operators/joins/join.js';
import { compileStreamJoinSide, joinRetentionMs } from '../operators/joins/stream-stream-join.js';
import { passOn } from '../operators/stateless/operator.js';
import type { Serde } from '../serde/serde.js';
import { JoinStore } from '../state/joins/join-store.js';
import type { Graph } from '../topology/graph.js';
import type { Forward, GraphNode, StoreDefinition, TaskContext } from '../topology/topology.js';
import type { JoinWindows } from './join-windows.js';

/** Two streams that are partitioned alike, and how they are joined. */
export interface StreamJoin {
  readonly graph: Graph;
  readonly name: string;
  readonly isNameGenerated: boolean;
  readonly kind: JoinKind;
  readonly windows: JoinWindows;
  readonly join: Join;
  readonly left: GraphNode;
  readonly right: GraphNode;
  readonly key: Serde<unknown>;
  readonly value: Serde<unknown>;
  readonly otherValue: Serde<unknown>;
}

/** A node for each side, with both stores, and one that hands on the results of both. */
export function streamJoin(given: StreamJoin): GraphNode {
  const { graph, isNameGenerated, join, kind, left, name, right, windows } = given;
  const nameOf = (prefix: string, suffix: string) =>
    graph.named(isNameGenerated ? {} : { name: `${name}-${suffix}` }, prefix);
  const leftNode = nameOf('KSTREAM-JOINTHIS', 'this-join');
  const rightNode = nameOf('KSTREAM-JOINOTHER', 'other-join');
  const storeOf = (node: string, valueSerde: Serde<unknown>): StoreDefinition => {
    const options = { name: `${node}-store`, keySerde: given.key, valueSerde, retentionMs: joinRetentionMs(windows) };
    return {
      name: options.name,
      isNameGenerated,
      contents: { kind: 'joined', keys: given.key.format, values: valueSerde.format },
      serdes: { key: given.key, value: valueSerde },
      type: 'window',
      create: () => new JoinStore(options),
    };
  };
  const stores = [storeOf(leftNode, given.value), storeOf(rightNode, given.otherValue)] as const;
  const options = { kind, join, windows, leftStore: stores[0].name, rightStore: stores[1].name };
  const sideNode = (side: JoinSide, node: string, parent: GraphNode) => {
    const compile = (task: TaskContext, forward: Forward) =>
      compileStreamJoinSide({ ...options, name: node, side }, task, forward);
    return graph.processor(node, parent, compile, stores, { joins: true });
  };
  const [ofLeft, ofRight] = [sideNode('left', leftNode, left), sideNode('right', rightNode, right)];
  const merged = graph.operator(name, ofLeft, passOn);
  ofRight.children.push(merged);
  return merged;
}
