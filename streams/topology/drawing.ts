import type { DescribedNode, TopologyDescription } from './description.js';

/** What is drawn: topics stand between the sub-topologies, stores beside the nodes that use them. */
interface Drawing {
  readonly clusters: readonly { readonly label: string; readonly nodes: readonly Shape[] }[];
  /** Outside of the clusters. */
  readonly topics: readonly Shape[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly isStore: boolean }[];
}

interface Shape {
  readonly id: string;
  readonly label: string;
  readonly kind: 'node' | 'topic' | 'store';
}

/** The description as a flow chart in Mermaid's language. */
export function mermaidOf(description: TopologyDescription): string {
  const { clusters, edges, topics } = drawingOf(description);
  const shape = ({ id, kind, label }: Shape) => {
    const text = `"${label.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')}"`;
    return kind === 'topic' ? `${id}[(${text})]` : kind === 'store' ? `${id}[/${text}/]` : `${id}(${text})`;
  };
  return [
    'flowchart LR',
    ...topics.map((topic) => `  ${shape(topic)}`),
    ...clusters.flatMap(({ label, nodes }, index) => [
      `  subgraph c${index}["${label}"]`,
      ...nodes.map((node) => `    ${shape(node)}`),
      '  end',
    ]),
    ...edges.map(({ from, isStore, to }) => `  ${from} ${isStore ? '-.-' : '-->'} ${to}`),
    '',
  ].join('\n');
}

/** The description as a directed graph in Graphviz' language. */
export function dotOf(description: TopologyDescription): string {
  const { clusters, edges, topics } = drawingOf(description);
  const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const shapes = { node: 'box', topic: 'cylinder', store: 'parallelogram' } as const;
  const shape = ({ id, kind, label }: Shape) => `${id} [label=${quoted(label)}, shape=${shapes[kind]}];`;
  return [
    'digraph topology {',
    '  rankdir=LR;',
    ...topics.map((topic) => `  ${shape(topic)}`),
    ...clusters.flatMap(({ label, nodes }, index) => [
      `  subgraph cluster_${index} {`,
      `    label=${quoted(label)};`,
      ...nodes.map((node) => `    ${shape(node)}`),
      '  }',
    ]),
    ...edges.map(({ from, isStore, to }) => `  ${from} -> ${to}${isStore ? ' [dir=none, style=dashed]' : ''};`),
    '}',
    '',
  ].join('\n');
}

function drawingOf({ subtopologies }: TopologyDescription): Drawing {
  const ids = new Map<string, string>();
  const idOf = (kind: Shape['kind'], name: string) => {
    const full = `${kind} ${name}`;
    const id = ids.get(full) ?? `${kind[0]}${ids.size}`;
    ids.set(full, id);
    return id;
  };
  const topics = new Map<string, Shape>();
  const topicId = (topic: string) => {
    const id = idOf('topic', topic);
    topics.set(topic, { id, label: topic, kind: 'topic' });
    return id;
  };
  const edges: Drawing['edges'][number][] = [];
  const clusters = subtopologies.map(({ nodes, stores, subtopology_id: id }) => {
    for (const node of nodes) edges.push(...edgesOf(node, idOf, topicId));
    return {
      label: `sub-topology ${id}`,
      nodes: [
        ...nodes.map(({ name }): Shape => ({ id: idOf('node', name), label: name, kind: 'node' })),
        ...stores.map(({ name }): Shape => ({ id: idOf('store', name), label: name, kind: 'store' })),
      ],
    };
  });
  return { clusters, edges, topics: [...topics.values()] };
}

function edgesOf(
  { name, sink_topic, source_topics, stores, successors }: DescribedNode,
  idOf: (kind: Shape['kind'], name: string) => string,
  topicId: (topic: string) => string,
): Drawing['edges'][number][] {
  const id = idOf('node', name);
  return [
    ...source_topics.map((topic) => ({ from: topicId(topic), to: id, isStore: false })),
    ...successors.map((successor) => ({ from: id, to: idOf('node', successor), isStore: false })),
    ...(sink_topic === null ? [] : [{ from: id, to: topicId(sink_topic), isStore: false }]),
    ...stores.map((store) => ({ from: id, to: idOf('store', store), isStore: true })),
  ];
}
