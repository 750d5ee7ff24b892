import { type KeyboardEvent, useMemo, useRef } from 'react';
import { number } from '../../parts/wording.js';
import type { Flow, FlowEdge, FlowNode } from './flow.js';
import { type FlowLayout, layoutOf, type Place } from './flow-layout.js';
import { FlowNodeBox, sourceHeight } from './flow-node.js';
import type { Rates } from './rates.js';
import type { InstanceStatus } from './status.js';

interface TopologyMapProps {
  readonly flow: Flow;
  readonly instances: readonly InstanceStatus[];
  readonly rates: Rates;
  readonly chosen: string | null;
  readonly hrefOf: (id: string) => string;
}

/** What runs, from the topics that come in at the left to those that go out at the right, with what passes along each way. */
export function TopologyMap({ chosen, flow, hrefOf, instances, rates }: TopologyMapProps) {
  const map = useRef<HTMLDivElement>(null);
  const partitionCounts = countsByTopic(instances);
  const counts = JSON.stringify([...partitionCounts]);
  const layout = useMemo(() => {
    const known = new Map<string, number>(JSON.parse(counts));
    return layoutOf(flow, ({ topic }) => sourceHeight(known.get(topic ?? '') ?? 1));
  }, [flow, counts]);
  const byId = new Map(flow.nodes.map((node) => [node.id, node]));
  const move = (event: KeyboardEvent) => {
    const next = neighbourOf(layout, document.activeElement?.getAttribute('data-node') ?? null, event.key);
    if (next === undefined) return;
    event.preventDefault();
    map.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(next)}"]`)?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrows only move the focus between the links in it.
    <div className="topo" ref={map} onKeyDown={move}>
      <div className="tc" style={{ width: layout.width, height: layout.height }}>
        {layout.lanes.map(({ subtopology, x, y, ...size }) => (
          <div key={subtopology} className="subt" style={{ left: x, top: y, ...size }}>
            <span title={`Sub-topology ${subtopology}: what runs in one task a partition`}>{subtopology}</span>
          </div>
        ))}
        <svg className="es" width={layout.width} height={layout.height} aria-hidden="true">
          {flow.edges.map((edge) => (
            <Edge key={keyOf(edge)} edge={edge} layout={layout} byId={byId} rate={rateOf(rates, edge)} />
          ))}
        </svg>
        {arrivalsOf(flow.edges, layout, byId, rates).map(({ at, key, rate, via }) => (
          <span
            key={key}
            className="el"
            style={{ left: at.x, top: at.y }}
            title={via.length > 0 ? `by ${via.join(', ')}` : undefined}
          >
            {rate < 0.05 ? (rate === 0 ? '0' : '< 0.1') : number(rate)}/s
          </span>
        ))}
        {flow.nodes.map((node) => {
          const place = layout.places.get(node.id);
          return place === undefined ? null : (
            <FlowNodeBox
              key={node.id}
              node={node}
              place={place}
              href={hrefOf(node.id)}
              isChosen={node.id === chosen}
              isSource={!flow.edges.some(({ to }) => to === node.id)}
              instances={instances}
              rates={rates}
            />
          );
        })}
      </div>
    </div>
  );
}

const keyOf = ({ counter, from, to }: FlowEdge): string => `${from} ${counter} ${to}`;

const rateOf = (rates: Rates, { counter }: FlowEdge): number | undefined => rates.nodes?.get(counter)?.recordsIn;

function countsByTopic(instances: readonly InstanceStatus[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { topic } of instances.flatMap(({ partitions }) => partitions))
    counts.set(topic, (counts.get(topic) ?? 0) + 1);
  return counts;
}

interface EdgeProps {
  readonly edge: FlowEdge;
  readonly layout: FlowLayout;
  readonly byId: ReadonlyMap<string, FlowNode>;
  readonly rate: number | undefined;
}

interface Way {
  readonly path: string;
  /** Where its rate stands. */
  readonly at: { readonly x: number; readonly y: number };
}

/** As thick as the logarithm of its rate; dashes run along it where records do. */
function Edge({ byId, edge, layout, rate = 0 }: EdgeProps) {
  const way = wayOf(edge, layout, byId);
  if (way === undefined) return null;
  const width = 1.2 + Math.log10(1 + rate) * 1.1;
  const seconds = 16 / (8 + 14 * Math.log10(1 + rate));
  return (
    <>
      <path className={`ed ${rate === 0 ? 'thin' : ''}`} d={way.path} style={{ strokeWidth: width }} />
      {rate > 0 && (
        <path className="fl" d={way.path} style={{ '--d': `${seconds.toFixed(1)}s` } as React.CSSProperties} />
      )}
    </>
  );
}

interface Arrival {
  readonly key: string;
  readonly at: Way['at'];
  readonly rate: number;
  readonly via: readonly string[];
  /** What was counted: of a node that two edges lead to it is the same. */
  readonly counters: readonly string[];
}

/** What arrives by edges, and where it is said: those that end at one place are said together. */
export function arrivalsOf(
  edges: readonly FlowEdge[],
  layout: FlowLayout,
  byId: ReadonlyMap<string, FlowNode>,
  rates: Rates,
): readonly Arrival[] {
  const arrivals = new Map<string, Arrival>();
  for (const edge of edges) {
    const rate = rateOf(rates, edge);
    const way = wayOf(edge, layout, byId);
    // A topic that comes in says its rate itself.
    const isSaid = byId.get(edge.from)?.kind === 'topic' && (layout.places.get(edge.from)?.x ?? 0) < 200;
    const isQuiet = isSaid || (rate === 0 && isBetween(byId.get(edge.to), layout));
    if (way === undefined || rate === undefined || isQuiet) continue;
    const key = `${way.at.x} ${way.at.y}`;
    const before = arrivals.get(key);
    const counters = before?.counters ?? [];
    const sum = before?.rate ?? 0;
    arrivals.set(key, {
      ...{ key, at: way.at, rate: counters.includes(edge.counter) ? sum : sum + rate },
      via: [...new Set([...(before?.via ?? []), ...edge.via])],
      counters: [...counters, edge.counter],
    });
  }
  return [...arrivals.values()];
}

const middleOf = ({ height, y }: Place): number => y + height / 2;

/** A topic that is as high as what feeds it. */
function isBetween(node: FlowNode | undefined, { places }: FlowLayout): boolean {
  const place = places.get(node?.id ?? '');
  return node?.kind === 'topic' && place !== undefined && place.height > 80 && place.x > 200;
}

function wayOf({ from, to }: FlowEdge, layout: FlowLayout, byId: ReadonlyMap<string, FlowNode>): Way | undefined {
  const start = layout.places.get(from);
  const end = layout.places.get(to);
  if (start === undefined || end === undefined) return undefined;
  // One below the other.
  if (start.x === end.x) {
    const x = start.x + start.width / 2;
    const isDown = start.y < end.y;
    const y1 = isDown ? start.y + start.height : start.y;
    const y2 = isDown ? end.y : end.y + end.height;
    return { path: `M${x} ${y1}V${y2}`, at: { x: x + 22, y: (y1 + y2) / 2 + 6 } };
  }
  const x1 = start.x + start.width;
  const x2 = end.x;
  if (isBetween(byId.get(to), layout)) {
    // Below the results of the same row, or between two of them.
    const isFree = (at: number) =>
      ![...layout.places.values()].some(
        ({ height, width, x, y }) => x > x1 && x + width < x2 && at > y - 3 && at < y + height + 3,
      );
    const offset = [20, 0, 32].find((one) => isFree(middleOf(start) + one)) ?? 20;
    const y = Math.max(end.y + 12, Math.min(end.y + end.height - 10, middleOf(start) + offset));
    const from = middleOf(start) + Math.min(8, start.height / 4);
    return {
      path: `M${x1} ${from}C${x1 + 16} ${from} ${x1 + 16} ${y} ${x1 + 34} ${y}H${x2}`,
      at: { x: x2 - 22, y: y - 2 },
    };
  }
  const y2 = middleOf(end);
  const y1 = isBetween(byId.get(from), layout)
    ? Math.max(start.y + 10, Math.min(start.y + start.height - 10, y2))
    : middleOf(start);
  const bend = Math.min(40, x2 - x1) * 0.5;
  // The bend is before the straight part, so that a way of several columns runs in its row.
  const turn = x1 + bend * 2;
  const path =
    y1 === y2 ? `M${x1} ${y1}H${x2}` : `M${x1} ${y1}C${x1 + bend} ${y1} ${x1 + bend} ${y2} ${turn} ${y2}H${x2}`;
  return { path, at: { x: x2 - 20, y: y2 - 3 } };
}

const DIRECTIONS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The nearest node in the direction of an arrow. */
export function neighbourOf({ places }: FlowLayout, id: string | null, key: string): string | undefined {
  const [dx, dy] = DIRECTIONS[key] ?? [0, 0];
  const at = places.get(id ?? '');
  if (at === undefined || (dx === 0 && dy === 0)) return undefined;
  let nearest: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const [other, place] of places) {
    const across = place.x + place.width / 2 - (at.x + at.width / 2);
    const down = middleOf(place) - middleOf(at);
    const along = across * dx + down * dy;
    const aside = Math.abs(across * dy) + Math.abs(down * dx);
    if (other === id || along < 8) continue;
    const far = along + aside * 3;
    if (far < least) {
      least = far;
      nearest = other;
    }
  }
  return nearest;
}
