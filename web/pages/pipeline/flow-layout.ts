import type { Flow, FlowNode } from './flow.js';

/** Where a node stands, in pixels from the top left. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Lane extends Place {
  readonly subtopology: string;
}

export interface FlowLayout {
  readonly width: number;
  readonly height: number;
  readonly places: ReadonlyMap<string, Place>;
  /** Sub-topologies: what is in one runs as one task a partition. */
  readonly lanes: readonly Lane[];
}

const ROW = 42;
const GAP = 40;
const EDGE = 16;
const TOP = 24;
const BETWEEN_SOURCES = 10;
const WIDTHS = { source: 176, steps: 124, store: 138, repartition: 96, topic: 116, between: 76 } as const;
const HEIGHTS = { source: 96, steps: 26, store: 36, repartition: 24, topic: 24, between: 24 } as const;

type Role = keyof typeof WIDTHS;

/**
 * Places what flows from left to right: topics that come in, then each step a column further than what feeds it, results in one
 * column at the end. A topic that is written and read again stands behind them, and what reads it below each other at the right.
 */
export function layoutOf(
  { edges, nodes }: Flow,
  heightOf: (node: FlowNode) => number = () => HEIGHTS.source,
): FlowLayout {
  const next = new Map(nodes.map(({ id }) => [id, edges.filter(({ from }) => from === id).map(({ to }) => to)]));
  const before = new Map(nodes.map(({ id }) => [id, edges.filter(({ to }) => to === id).map(({ from }) => from)]));
  const nextOf = (id: string) => next.get(id) ?? [];
  const beforeOf = (id: string) => before.get(id) ?? [];
  const roleOf = (node: FlowNode): Role => {
    if (node.kind !== 'topic') return node.kind;
    if (beforeOf(node.id).length === 0) return 'source';
    return nextOf(node.id).length === 0 ? 'topic' : 'between';
  };
  const roles = new Map(nodes.map((node) => [node.id, roleOf(node)]));
  const isBehind = behindTopics(nodes, roles, nextOf);
  const first = nodes.filter(({ id }) => !isBehind.has(id));
  const ranks = ranksOf(first, nextOf, beforeOf);
  const deepest = Math.max(0, ...first.filter(({ kind }) => kind !== 'topic').map(({ id }) => ranks.get(id) ?? 0));
  const columnOf = ({ id }: FlowNode) => {
    const role = roles.get(id);
    return role === 'topic' ? deepest + 1 : role === 'between' ? deepest + 2 : (ranks.get(id) ?? 0);
  };
  const columns = Array.from({ length: deepest + 4 }, (_, column) =>
    Math.max(
      0,
      ...(column === deepest + 3
        ? nodes.filter(({ id }) => isBehind.has(id)).map(({ id }) => WIDTHS[roles.get(id) ?? 'steps'])
        : first.filter((node) => columnOf(node) === column).map(({ id }) => WIDTHS[roles.get(id) ?? 'steps'])),
    ),
  );
  const starts = columns.map((_, column) => {
    const used = columns.slice(0, column).filter((width) => width > 0);
    return EDGE + used.reduce((sum, width) => sum + width + GAP, 0);
  });
  const places = new Map<string, Place>();
  const put = (node: FlowNode, column: number, middle: number, height?: number) => {
    const role = roles.get(node.id) ?? 'steps';
    const high = height ?? (role === 'source' ? heightOf(node) : HEIGHTS[role]);
    const width = role === 'store' || role === 'repartition' ? WIDTHS[role] : (columns[column] ?? 0);
    places.set(node.id, { x: starts[column] ?? 0, y: middle - high / 2, width, height: high });
    return middle;
  };

  let top = TOP;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const middles = new Map<string, number>();
  const place = (id: string): number | undefined => {
    const node = byId.get(id);
    const known = middles.get(id);
    if (node === undefined || known !== undefined || isBehind.has(id) || roles.get(id) === 'between') return known;
    const own = nextOf(id).flatMap((child) => (middles.has(child) ? [] : (place(child) ?? [])));
    let middle: number;
    if (own.length > 0) middle = ((own[0] ?? 0) + (own.at(-1) ?? 0)) / 2;
    else {
      middle = top + ROW / 2;
      top += ROW;
    }
    middles.set(id, middle);
    return put(node, columnOf(node), middle);
  };
  for (const node of first.filter(({ id }) => roles.get(id) === 'source')) {
    const start = top;
    const middle = place(node.id) ?? start;
    top = Math.max(top, start + heightOf(node) + 8);
    // A source with few rows is as high as what it says.
    const held = (start + top) / 2;
    if (middle - heightOf(node) / 2 < start) put(node, columnOf(node), held - 4);
    top += BETWEEN_SOURCES;
  }
  const bottom = top;

  for (const node of nodes.filter(({ id }) => roles.get(id) === 'between' && !isBehind.has(id))) {
    const feeders = beforeOf(node.id).flatMap((id) => middles.get(id) ?? []);
    const from = Math.min(...feeders, bottom);
    const to = Math.max(...feeders, TOP);
    const height = Math.max(92, to - from + 44);
    put(node, deepest + 2, (from + to) / 2, height);
  }
  placeBehind(nodes, isBehind, beforeOf, nextOf, places, (node, middle) => put(node, deepest + 3, middle));

  const all = [...places.values()];
  return {
    width: Math.max(...all.map(({ width, x }) => x + width), 0) + EDGE,
    height: Math.max(bottom, ...all.map(({ height, y }) => y + height)) + 8,
    places,
    lanes: lanesOf(nodes, places),
  };
}

/** What is fed by a topic that the application writes itself. */
function behindTopics(
  nodes: readonly FlowNode[],
  roles: ReadonlyMap<string, Role>,
  nextOf: (id: string) => readonly string[],
): ReadonlySet<string> {
  const behind = new Set<string>();
  const follow = (id: string) => {
    for (const next of nextOf(id)) {
      if (behind.has(next)) continue;
      behind.add(next);
      follow(next);
    }
  };
  for (const { id } of nodes) if (roles.get(id) === 'between') follow(id);
  return behind;
}

/** One more than that of the furthest node that feeds it. */
function ranksOf(
  nodes: readonly FlowNode[],
  nextOf: (id: string) => readonly string[],
  beforeOf: (id: string) => readonly string[],
): ReadonlyMap<string, number> {
  const ids = new Set(nodes.map(({ id }) => id));
  const ranks = new Map<string, number>();
  const waiting = nodes.filter(({ id }) => !beforeOf(id).some((one) => ids.has(one))).map(({ id }) => id);
  for (const id of waiting) ranks.set(id, 0);
  // A plan has no cycle; should one come all the same, this ends.
  for (let steps = nodes.length * nodes.length; waiting.length > 0 && steps > 0; steps--) {
    const id = waiting.shift() ?? '';
    const rank = (ranks.get(id) ?? 0) + 1;
    for (const next of nextOf(id)) {
      if (!ids.has(next) || (ranks.get(next) ?? -1) >= rank) continue;
      ranks.set(next, rank);
      waiting.push(next);
    }
  }
  return ranks;
}

function placeBehind(
  nodes: readonly FlowNode[],
  isBehind: ReadonlySet<string>,
  beforeOf: (id: string) => readonly string[],
  nextOf: (id: string) => readonly string[],
  places: ReadonlyMap<string, Place>,
  put: (node: FlowNode, middle: number) => void,
): void {
  const ranks = ranksOf(
    nodes.filter(({ id }) => isBehind.has(id)),
    nextOf,
    beforeOf,
  );
  const stacked = nodes
    .filter(({ id }) => isBehind.has(id))
    .toSorted((one, other) => (ranks.get(one.id) ?? 0) - (ranks.get(other.id) ?? 0));
  const feeder = stacked[0] === undefined ? undefined : places.get(beforeOf(stacked[0].id)[0] ?? '');
  const around = feeder === undefined ? TOP : feeder.y + feeder.height / 2;
  const step = 84;
  for (const [index, node] of stacked.entries()) put(node, around + (index - (stacked.length - 1) / 2) * step);
}

/** The field around what belongs to a sub-topology. */
function lanesOf(nodes: readonly FlowNode[], places: ReadonlyMap<string, Place>): Lane[] {
  const ids = [...new Set(nodes.flatMap(({ subtopology }) => subtopology ?? []))];
  return ids.flatMap((subtopology) => {
    const own = nodes.flatMap((node) => (node.subtopology === subtopology ? (places.get(node.id) ?? []) : []));
    if (own.length === 0) return [];
    const x = Math.min(...own.map((one) => one.x)) - 13;
    const y = Math.min(...own.map((one) => one.y)) - 3;
    const right = Math.max(...own.map((one) => one.x + one.width)) + 8;
    const bottom = Math.max(...own.map((one) => one.y + one.height)) + 3;
    return [{ subtopology, x, y, width: right - x, height: bottom - y }];
  });
}
