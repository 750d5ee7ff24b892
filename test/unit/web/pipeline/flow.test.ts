import { expect, it } from 'vitest';
import {
  type DescribedNode,
  type DescribedTopology,
  flowOf,
  nearestTopics,
  nodeNamed,
} from '../../../../web/pages/pipeline/flow.js';
import { layoutOf } from '../../../../web/pages/pipeline/flow-layout.js';

const NONE = { source_topics: [], sink_topic: null, is_repartition: false, stores: [], successors: [] } as const;
const source = (name: string, topic: string, successors: string[], isRepartition = false): DescribedNode => ({
  ...{ ...NONE, name, type: 'source', source_topics: [topic], is_repartition: isRepartition, successors },
});
const step = (name: string, successors: string[], stores: string[] = []): DescribedNode => ({
  ...{ ...NONE, name, type: 'processor', stores, successors },
});
const sink = (name: string, topic: string, isRepartition = false): DescribedNode => ({
  ...{ ...NONE, name, type: 'sink', sink_topic: topic, is_repartition: isRepartition },
});

/** Requests are counted by client; what is over a limit is sent, and an alert of it, which incidents are made of. */
const TOPOLOGY: DescribedTopology = {
  subtopologies: [
    {
      subtopology_id: '0',
      stores: [],
      nodes: [
        source('requests', 'in', ['valid']),
        step('valid', ['by-client']),
        step('by-client', ['counts-repartition-sink']),
        sink('counts-repartition-sink', 'app-counts-repartition', true),
      ],
    },
    {
      subtopology_id: '1',
      stores: [{ name: 'counts', type: 'window', changelog_topic: 'app-counts-changelog' }],
      nodes: [
        source('counts-repartition-source', 'app-counts-repartition', ['counts'], true),
        step('counts', ['counts-changes', 'counts-alerts'], ['counts']),
        step('counts-changes', ['over-limit']),
        step('over-limit', ['send-counts']),
        sink('send-counts', 'counts'),
        step('counts-alerts', ['send-alerts']),
        sink('send-alerts', 'alerts'),
      ],
    },
    {
      subtopology_id: '2',
      stores: [{ name: 'incidents', type: 'key-value', changelog_topic: 'app-incidents-changelog' }],
      nodes: [
        source('alerts', 'alerts', ['incidents']),
        step('incidents', ['send-incidents'], ['incidents']),
        sink('send-incidents', 'incidents'),
      ],
    },
  ],
};

const ways = (topology: DescribedTopology, repartitionTopics: string[]) =>
  flowOf(topology, new Set(repartitionTopics)).edges.map(({ counter, from, to }) => `${from} > ${to} (${counter})`);

it('a chain of steps is one node, the last step before a topic is part of the way, and each way counts its records', () => {
  expect(ways(TOPOLOGY, [])).toEqual([
    'topic/in > by-client (valid)',
    'by-client > counts (counts)',
    'counts > over-limit (counts-changes)',
    'over-limit > topic/counts (send-counts)',
    'counts > topic/alerts (send-alerts)',
    'topic/alerts > incidents (incidents)',
    'incidents > topic/incidents (send-incidents)',
  ]);
});

it('where the log has a repartition topic it stands between, with what goes in and what comes out', () => {
  expect(ways(TOPOLOGY, ['app-counts-repartition']).slice(1, 3)).toEqual([
    'by-client > topic/app-counts-repartition (counts-repartition-sink)',
    'topic/app-counts-repartition > counts (counts)',
  ]);
});

it('a topic that is called as a step is a node of its own, and a link finds a store before both', () => {
  const flow = flowOf(TOPOLOGY, new Set());
  expect(flow.nodes.filter(({ title }) => title === 'counts').map(({ id }) => id)).toEqual(['counts', 'topic/counts']);
  expect(nodeNamed(flow, 'counts')?.kind).toBe('store');
  expect(nodeNamed(flow, 'topic/counts')?.kind).toBe('topic');
  expect(nodeNamed(flow, 'counts-changes')?.id).toBe('over-limit');
  expect(nodeNamed(flow, 'nothing')).toBeUndefined();
});

it('the nearest topics of a node are those that its records come from and go to', () => {
  const flow = flowOf(TOPOLOGY, new Set());
  expect(nearestTopics(flow, 'counts', 'from')).toEqual(['in']);
  expect(nearestTopics(flow, 'counts', 'to')).toEqual(['alerts', 'counts']);
});

it('each node stands right of what feeds it, none over another, and what reads a written topic stands behind it', () => {
  const flow = flowOf(TOPOLOGY, new Set());
  const { height, places, width } = layoutOf(flow);
  const placeOf = (id: string) => places.get(id) ?? { x: -1, y: -1, width: 0, height: 0 };
  expect(places.size).toBe(flow.nodes.length);
  for (const { from, to } of flow.edges) {
    const [one, other] = [placeOf(from), placeOf(to)];
    // Those behind a written topic stand below each other.
    if (from !== 'incidents') expect(other.x, `${from} > ${to}`).toBeGreaterThanOrEqual(one.x + one.width);
    else expect(other.y).toBeGreaterThan(one.y);
  }
  const all = [...places.values()];
  for (const [index, one] of all.entries()) {
    expect(one.x + one.width).toBeLessThanOrEqual(width);
    expect(one.y + one.height).toBeLessThanOrEqual(height);
    for (const other of all.slice(index + 1)) {
      const isBeside = one.x + one.width <= other.x || other.x + other.width <= one.x;
      const isAbove = one.y + one.height <= other.y || other.y + other.height <= one.y;
      expect(isBeside || isAbove).toBe(true);
    }
  }
});
