import { expect, it } from 'vitest';
import type { FlowEdge, FlowNode } from '../../../../web/pages/pipeline/flow.js';
import type { Rates } from '../../../../web/pages/pipeline/rates.js';
import { arrivalsOf } from '../../../../web/pages/pipeline/topology-map.js';

const node = (id: string): FlowNode => ({
  ...{ id, kind: 'steps', title: id, steps: [id], stores: [], topic: undefined, subtopology: '0' },
});
const NODES = new Map(['one', 'other', 'target'].map((id) => [id, node(id)]));
const LAYOUT = {
  ...{ width: 600, height: 200, lanes: [] },
  places: new Map([
    ['one', { x: 300, y: 0, width: 100, height: 40 }],
    ['other', { x: 300, y: 100, width: 100, height: 40 }],
    ['target', { x: 500, y: 50, width: 100, height: 40 }],
  ]),
};
const rates = (nodes: Readonly<Record<string, number>>): Rates => ({
  ...{ partitions: new Map(), commitsPerSecond: 1, commitMs: 1, commitP95Ms: 1, changelogPerSecond: 1 },
  nodes: new Map(Object.entries(nodes).map(([name, recordsIn]) => [name, { recordsIn, recordsOut: 0 }])),
});
const edge = (from: string, counter: string, via: readonly string[] = []): FlowEdge => ({
  ...{ from, to: 'target', counter, via },
});

it('what arrives at one place is said once, as the sum of what is counted apart', () => {
  const edges = [edge('one', 'first-sink', ['a']), edge('other', 'second-sink', ['b'])];
  const arrivals = arrivalsOf(edges, LAYOUT, NODES, rates({ 'first-sink': 3, 'second-sink': 4 }));
  expect(arrivals).toMatchObject([{ rate: 7, via: ['a', 'b'] }]);
});

it('what is counted where two edges end is not counted twice', () => {
  const arrivals = arrivalsOf([edge('one', 'target'), edge('other', 'target')], LAYOUT, NODES, rates({ target: 7 }));
  expect(arrivals).toMatchObject([{ rate: 7 }]);
});
