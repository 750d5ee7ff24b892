import { compileLatestChanges, type TableRows } from '../operators/tables/table-rows.js';
import type { Graph } from '../topology/graph.js';
import { type GraphNode, type TableChanges, TopologyError } from '../topology/topology.js';

/** Of which it does not matter what is in it. */
export interface AnyTable {
  readonly graph: Graph;
  readonly node: GraphNode;
  readonly serdes: { readonly key: unknown; readonly value: unknown };
  readonly changes: TableChanges;
  readonly rows?: TableRows | undefined;
}

/** @throws TopologyError when rows of the table cannot be looked up by their keys */
export function joinedRows({ rows }: AnyTable, where: string): TableRows {
  if (rows !== undefined) return rows;
  throw new TopologyError(
    `"${where}" joins a table of windows, whose rows are not looked up by their keys: write its toStream() to a topic, and ` +
      'read that as a table',
  );
}

/** What makes the table's changes that joins and aggregations follow: of a versioned table, those of the latest versions. */
export function latestChanges(
  { graph, node, rows }: Pick<AnyTable, 'graph' | 'node' | 'rows'>,
  name: string,
): GraphNode {
  const outdated = rows?.outdated;
  if (outdated === undefined) return node;
  const latest = `${name}-latest`;
  return graph.processor(
    latest,
    node,
    (task, forward) => compileLatestChanges(latest, outdated, task, forward),
    rows?.stores,
  );
}
