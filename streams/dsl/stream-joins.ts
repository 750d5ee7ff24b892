import { type AnyJoiner, JOIN_OPERATORS, type JoinKind, joinOf } from '../operators/joins/join.js';
import { compileStreamGlobalTableJoin } from '../operators/joins/stream-global-table-join.js';
import { compileStreamTableJoin } from '../operators/joins/stream-table-join.js';
import type { Serde } from '../serde/serde.js';
import { type Graph, requireSynchronous } from '../topology/graph.js';
import type { Forward, GraphNode, TaskContext } from '../topology/topology.js';
import { TopologyError } from '../topology/topology.js';
import { type AnyTable, joinedRows } from './any-table.js';
import type { GlobalKTable } from './global-ktable.js';
import type { JoinWindows } from './join-windows.js';
import type { Joined, Named, Serdes, StreamJoined } from './options.js';
import { needSerde, repartitioned } from './repartition-node.js';
import { streamJoin } from './stream-join.js';

/** A stream that is joined, or that a join has made, whatever is in it. */
export interface JoinedStream {
  readonly graph: Graph;
  readonly node: GraphNode;
  readonly serdes: Serdes<unknown, unknown>;
  /** Records of a key may be in different partitions. */
  readonly keyChanged: boolean;
}

/** @throws TopologyError when the streams are of two builders, or a serde is not known */
export function joinWithStream(
  left: JoinedStream,
  right: JoinedStream,
  kind: JoinKind,
  given: {
    readonly joiner: AnyJoiner;
    readonly windows: JoinWindows;
    readonly joined: StreamJoined<unknown, unknown, unknown>;
  },
): JoinedStream {
  const { graph } = left;
  const { joined, joiner, windows } = given;
  const name = graph.named(joined, 'KSTREAM-MERGE');
  if (right.graph !== graph) throw new TopologyError(`"${name}" joins a stream of another builder`);
  const key = needSerde(joined.key ?? left.serdes.key ?? right.serdes.key, 'key', `"${name}"`);
  const value = needSerde(joined.value ?? left.serdes.value, 'value', `"${name}"`);
  const otherValue = joined.otherValue ?? right.serdes.value;
  if (otherValue === undefined) {
    throw new TopologyError(`"${name}" needs a serde for the other stream's value; pass { otherValue: … }`);
  }
  const ofRight = { key, value: otherValue as Serde<unknown> };
  const node = streamJoin({
    ...{ graph, name, isNameGenerated: joined.name === undefined, kind, windows, join: joinOf(joiner) },
    left: copartitioned(left, `${name}-left`, { key, value }, { keepsNullKeys: kind !== 'inner' }),
    right: copartitioned(right, `${name}-right`, ofRight, { keepsNullKeys: kind === 'outer' }),
    ...{ key, value, otherValue: ofRight.value },
  });
  return { graph, node, serdes: { key, value: undefined }, keyChanged: false };
}

/** @throws TopologyError when the table has windows or is of another builder, or a serde is not known */
export function joinWithTable(
  stream: JoinedStream,
  table: AnyTable,
  kind: JoinKind,
  { joined, joiner }: { readonly joiner: AnyJoiner; readonly joined: Joined<unknown, unknown> },
): JoinedStream {
  const { graph } = stream;
  const isLeft = kind === 'left';
  const name = graph.named(joined, isLeft ? 'KSTREAM-LEFTJOIN' : 'KSTREAM-JOIN');
  if (table.graph !== graph) throw new TopologyError(`"${name}" joins a table of another builder`);
  const rows = joinedRows(table, name);
  const key = (joined.key ?? stream.serdes.key ?? table.serdes.key) as Serde<unknown> | undefined;
  const parent = copartitioned(
    stream,
    name,
    { key, value: joined.value as Serde<unknown> | undefined },
    { keepsNullKeys: isLeft },
  );
  const options = { name, rows, isLeft, join: joinOf(joiner) };
  const compile = (task: TaskContext, forward: Forward) => compileStreamTableJoin(options, task, forward);
  const node = graph.processor(name, parent, compile, rows.stores, { joins: true });
  return { graph, node, serdes: { key, value: undefined }, keyChanged: false };
}

/** @throws TopologyError when the table is of another builder, or the join an outer one */
export function joinWithGlobalTable(
  stream: JoinedStream,
  table: GlobalKTable<never, unknown>,
  kind: JoinKind,
  given: {
    readonly keySelector: (key: unknown, value: unknown) => unknown;
    readonly joiner: AnyJoiner;
    readonly named: Named;
  },
): JoinedStream {
  const { graph, keyChanged, serdes } = stream;
  const { joiner, keySelector, named } = given;
  requireSynchronous(JOIN_OPERATORS[kind], { keySelector, joiner });
  const isLeft = kind === 'left';
  const name = graph.named(named, isLeft ? 'KSTREAM-LEFTJOIN' : 'KSTREAM-JOIN');
  if (kind === 'outer')
    throw new TopologyError(`"${name}" is an outer join, and a global table has none; take leftJoin`);
  if (!table.isOf(graph)) throw new TopologyError(`"${name}" joins a global table of another builder`);
  const options = { name, isLeft, keySelector, join: joinOf(joiner), table: table.queryableStoreName };
  const compile = (task: TaskContext, forward: Forward) => compileStreamGlobalTableJoin(options, task, forward);
  const node = graph.processor(name, stream.node, compile);
  return { graph, node, serdes: { ...serdes, value: undefined }, keyChanged };
}

/** The stream by its keys' partitions, to be joined: as it is, or through a topic of as many partitions as the other side. */
function copartitioned(
  stream: JoinedStream,
  name: string,
  joined: { readonly key: Serde<unknown> | undefined; readonly value: Serde<unknown> | undefined },
  { keepsNullKeys }: { readonly keepsNullKeys: boolean },
): GraphNode {
  if (!stream.keyChanged) return stream.node;
  const where = `"${name}", which repartitions records whose key may have changed,`;
  const key = needSerde(joined.key ?? stream.serdes.key, 'key', where);
  const value = needSerde(joined.value ?? stream.serdes.value, 'value', where);
  return repartitioned(stream, { name, key, value, keepsNullKeys });
}
