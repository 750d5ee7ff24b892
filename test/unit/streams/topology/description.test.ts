import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import {
  dotOf,
  mermaidOf,
  StreamsBuilder,
  stringSerde,
  TimeWindows,
  type Topology,
  topologyDescription,
} from '../../../../streams/index.js';

/** Words counted by the minute, with every kind of node; `named` says whether the stateless ones have names. */
function words({ named = true, quotes = '' } = {}): Topology {
  const name = (text: string) => (named ? { name: text + quotes } : {});
  const builder = new StreamsBuilder();
  builder
    .stream('lines', { value: stringSerde, nulls: 'refuse', ...name('read') })
    .flatMapValues((line) => line.split(' '), name('words'))
    .selectKey((_key, word) => word, name('by-word'))
    .groupByKey({ key: stringSerde })
    .windowedBy(TimeWindows.ofSizeAndGrace('1m', '5s'))
    .count()
    .toStream(name('changes'))
    .map(({ key }, count) => [key, `${count}`], name('texts'))
    .to('counts', { key: stringSerde, value: stringSerde, ...name('write') });
  return builder.build();
}

test('a topology is described by its nodes, what feeds them and what they feed, its stores and its topics', () => {
  const { global_stores, subtopologies, version } = topologyDescription(words(), { applicationId: 'app' });
  expect({ global_stores, version }).toEqual({ global_stores: [], version: 1 });
  const store = 'KSTREAM-AGGREGATE-STATE-STORE-0000000002';
  const node = (name: string, rest: object) => ({
    ...{ name, type: 'processor', source_topics: [], sink_topic: null, is_repartition: false },
    ...{ stores: [], predecessors: [], successors: [], ...rest },
  });
  const internal = `app-${store}-repartition`;
  expect(subtopologies).toEqual([
    {
      subtopology_id: '0',
      nodes: [
        node('read', { type: 'source', source_topics: ['lines'], successors: ['words'] }),
        node('words', { predecessors: ['read'], successors: ['by-word'] }),
        node('by-word', { predecessors: ['words'], successors: [`${store}-repartition-sink`] }),
        node(`${store}-repartition-sink`, {
          ...{ type: 'sink', sink_topic: internal, is_repartition: true, predecessors: ['by-word'] },
        }),
      ],
      stores: [],
    },
    {
      subtopology_id: '1',
      nodes: [
        node(`${store}-repartition-source`, {
          ...{ type: 'source', source_topics: [internal], is_repartition: true, successors: [store] },
        }),
        node(store, { stores: [store], predecessors: [`${store}-repartition-source`], successors: ['changes'] }),
        node('changes', { predecessors: [store], successors: ['texts'] }),
        node('texts', { predecessors: ['changes'], successors: ['write'] }),
        node('write', { type: 'sink', sink_topic: 'counts', predecessors: ['texts'] }),
      ],
      stores: [{ name: store, type: 'window', changelog_topic: `app-${store}-changelog` }],
    },
  ]);
});

test('the fingerprint is that of the topology: the same for the same, another for another', () => {
  const { fingerprint } = topologyDescription(words());
  expect(topologyDescription(words()).fingerprint).toBe(fingerprint);
  expect(topologyDescription(words({ quotes: '2' })).fingerprint).not.toBe(fingerprint);
});

test('a name given to an operator moves no generated name, so that stores behind it are found again', () => {
  const storesOf = (topology: Topology) =>
    topology.subTopologies.flatMap(({ stores }) => stores.map(({ name }) => name));
  const builder = new StreamsBuilder();
  builder
    .stream('lines', { value: stringSerde, nulls: 'refuse' })
    .flatMapValues((line) => line.split(' '), { name: 'words' })
    .selectKey((_key, word) => word, { name: 'by-word' })
    .groupByKey({ key: stringSerde })
    .count();
  const named = storesOf(builder.build());
  const other = new StreamsBuilder();
  other
    .stream('lines', { value: stringSerde, nulls: 'refuse' })
    .flatMapValues((line) => line.split(' '))
    .selectKey((_key, word) => word)
    .groupByKey({ key: stringSerde })
    .count();
  expect(named).toEqual(storesOf(other.build()));
});

test('a drawing has a node for each node, topic and store, an arrow for each edge, and no name breaks out of its quotes', () => {
  const description = topologyDescription(words({ quotes: '"]; <b>\\' }));
  const mermaid = mermaidOf(description);
  // 9 nodes, 3 topics, 1 store; 7 edges between nodes, 4 from and to topics, 1 to the store.
  expect(mermaid.match(/\("|\[\("|\[\/"/g)).toHaveLength(13);
  expect(mermaid.match(/-->/g)).toHaveLength(11);
  expect(mermaid.match(/-\.-/g)).toHaveLength(1);
  expect(mermaid).toContain('("words&quot;]; &lt;b>\\")');
  const dot = dotOf(description);
  expect(dot.match(/label=/g)).toHaveLength(15);
  expect(dot.match(/ -> /g)).toHaveLength(12);
  expect(dot).toContain('[label="words\\"]; <b>\\\\", shape=box]');
});

test('Graphviz takes the drawing', ({ skip }) => {
  try {
    execFileSync('dot', ['-V'], { stdio: 'ignore' });
  } catch {
    skip('dot is not installed');
  }
  const drawn = execFileSync('dot', ['-Tplain'], { input: dotOf(topologyDescription(words({ quotes: '"\\' }))) });
  expect(drawn.toString().match(/^node /gm)).toHaveLength(13);
});
