import type { ComponentType } from 'react';
import { useSearchParams } from 'wouter';
import { TopBar } from '../../shell/top-bar.js';
import { ViewSwitch } from '../../shell/view-switch.js';
import { ConnectorsView } from './connectors-view.js';
import { DeadLettersView } from './dead-letters-view.js';
import { PartitionsView } from './partitions-view.js';
import { SchemasView } from './schemas-view.js';
import { TopicsView } from './topics-view.js';
import { TopologyView } from './topology-view.js';

const VIEWS: readonly (readonly [name: string, words: string, view: ComponentType])[] = [
  ['', 'Topology', TopologyView],
  ['partitions', 'Partitions', PartitionsView],
  ['topics', 'Topics', TopicsView],
  ['connectors', 'Connectors', ConnectorsView],
  ['schemas', 'Schemas', SchemasView],
  ['dead-letters', 'Dead letters', DeadLettersView],
];

/** What runs, how far it is, and what the topics hold. */
export default function PipelinePage() {
  const [search] = useSearchParams();
  const view = search.get('view') ?? '';
  const View = VIEWS.find(([name]) => name === view)?.[2] ?? TopologyView;
  return (
    <>
      <TopBar title="Pipeline" range={false}>
        <ViewSwitch views={VIEWS} />
      </TopBar>
      <main id="main">
        <View />
      </main>
    </>
  );
}
