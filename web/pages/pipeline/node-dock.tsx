import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Icon } from '../../parts/icon.js';
import { TableHead } from '../../parts/table-head.js';
import { count, list, number, whenToMs, whole } from '../../parts/wording.js';
import type { Flow, FlowNode } from './flow.js';
import { nearestTopics } from './flow.js';
import { storeSize } from './flow-node.js';
import type { Rates } from './rates.js';
import { SampledRecords } from './sampled-records.js';
import type { InstanceStatus, PartitionStatus } from './status.js';
import { WindowBrowser } from './window-browser.js';

interface NodeDockProps {
  readonly node: FlowNode;
  readonly flow: Flow;
  readonly instances: readonly InstanceStatus[];
  readonly rates: Rates;
  readonly onClose: () => void;
}

/** What windows come to is beside what is said of them. */
const OF_ALERTS: ReadonlySet<string> = new Set(['alerts', 'alert-episodes']);

const KINDS = { topic: 'topic', steps: 'steps', store: 'store', repartition: 'repartition topic' } as const;

/** One node of the topology looked into: its figures by step, its partitions or tasks, and its records or windows. */
export function NodeDock({ flow, instances, node, onClose, rates }: NodeDockProps) {
  const dock = useRef<HTMLElement>(null);
  // It may lie below what is seen of the map.
  useEffect(() => {
    // It may answer a promise, which is no way to end an effect.
    dock.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  const stores = instances.flatMap((one) => one.stores).filter(({ name }) => node.stores.includes(name));
  const isWindowed = stores.some(({ type }) => type === 'window');
  const results = nearestTopics(flow, node.id, 'to').filter((topic) => !OF_ALERTS.has(topic));
  const sources = nearestTopics(flow, node.id, 'from');
  const [result] = results;
  const tasks = instances.flatMap((one) => one.tasks).filter(({ subtopology }) => subtopology === node.subtopology);
  const watermark = tasks.length === 0 ? undefined : Math.min(...tasks.map((task) => task.watermark ?? Infinity));
  const kind = node.kind === 'store' && isWindowed ? 'window store' : KINDS[node.kind];
  return (
    <section ref={dock} className="dock" id="dock" aria-labelledby="dock-t">
      <div className="dk-a">
        <div className="hd">
          <h2 id="dock-t" className="ell">
            {node.title}
          </h2>
          <span className="s nw">{kind}</span>
          <button
            type="button"
            className="btn ghost sq sm r"
            aria-label="Close (Esc)"
            title="Close  Esc"
            onClick={onClose}
          >
            <Icon name="x" />
          </button>
        </div>
        <NodeFacts node={node} instances={instances} rates={rates} sources={sources} results={results} />
      </div>
      {isWindowed && result !== undefined ? (
        <WindowBrowser
          key={result}
          topic={result}
          sources={sources}
          streamTime={watermark === undefined || !Number.isFinite(watermark) ? undefined : watermark}
        />
      ) : (
        <div className="dk-b wide">
          <NodeRecords
            key={node.id}
            topics={node.topic === undefined ? { in: sources, out: results } : { in: [node.topic], out: [] }}
          />
        </div>
      )}
    </section>
  );
}

interface NodeFactsProps {
  readonly node: FlowNode;
  readonly instances: readonly InstanceStatus[];
  readonly rates: Rates;
  readonly sources: readonly string[];
  readonly results: readonly string[];
}

function NodeFacts({ instances, node, rates, results, sources }: NodeFactsProps) {
  const tasks = instances.flatMap((one) => one.tasks).filter(({ subtopology }) => subtopology === node.subtopology);
  const own = instances.flatMap((one) => one.partitions).filter(({ topic }) => topic === node.topic);
  const stores = instances.flatMap((one) => one.stores).filter(({ name }) => node.stores.includes(name));
  const watermarks = tasks.flatMap(({ watermark }) => watermark ?? []);
  const facts: (readonly [string, ReactNode])[] = [];
  if (node.stores.length > 0) {
    facts.push(
      ['Stores', list(node.stores)],
      ['Holds', storeSize(node.stores, instances) || 'nothing that is counted'],
    );
    const waiting = stores.reduce((sum, one) => sum + (one.uncommitted ?? 0), 0);
    facts.push(['Next commit', `${count(waiting, 'entry', 'entries')}`]);
  }
  if (tasks.length > 0) facts.push(['Tasks', tasks.map(({ task }) => task).join(', ')]);
  if (watermarks.length > 0) {
    facts.push(['Stream time', <code key="time">{whenToMs(Math.min(...watermarks))}</code>]);
    facts.push(['Held back by', heldBackBy(instances, node, tasks)]);
  }
  if (node.topic === undefined)
    facts.push(['From', list(sources)], ['To', results.length > 0 ? list(results) : 'alerts']);
  return (
    <>
      <dl className="kv">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {own.length > 0 && <OwnPartitions partitions={own} />}
      <StepTable steps={node.steps} instances={instances} rates={rates} />
    </>
  );
}

function heldBackBy(
  instances: readonly InstanceStatus[],
  node: FlowNode,
  tasks: readonly { waitsForUpstream: boolean; task: string }[],
): string {
  const ids = new Set(tasks.map(({ task }) => task));
  const holders = instances
    .flatMap(({ partitions }) => partitions)
    .filter(({ holdsBack, task, topic }) => holdsBack && (ids.has(task) || topic === node.topic));
  if (holders.length > 0) return list(holders.map(({ partition, topic }) => `${topic}/${partition}`));
  const waiting = tasks.filter(({ waitsForUpstream }) => waitsForUpstream);
  return waiting.length > 0 ? 'the tasks that feed it' : 'nothing';
}

function OwnPartitions({ partitions }: { readonly partitions: readonly PartitionStatus[] }) {
  return (
    <table className="tb wt">
      <TableHead words={['partition']} numbers={['committed', 'end', 'lag']} />
      <tbody>
        {partitions
          .toSorted((one, other) => one.partition - other.partition)
          .map((one) => (
            <tr key={one.partition}>
              <td>p{one.partition}</td>
              <td className="num">{one.committed === undefined ? '' : whole(one.committed)}</td>
              <td className="num">{one.endOffset === undefined ? '' : whole(one.endOffset)}</td>
              <td className="num">{whole(one.lagRecords ?? 0)}</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}

interface StepTableProps {
  readonly steps: readonly string[];
  readonly instances: readonly InstanceStatus[];
  readonly rates: Rates;
}

/** Each step with what goes in and out a second, and what it has left out since the start. */
function StepTable({ instances, rates, steps }: StepTableProps) {
  return (
    <table className="tb wt">
      <TableHead words={['step']} numbers={['in/s', 'out/s', 'skipped', 'late']} />
      <tbody>
        {steps.map((name) => {
          const rate = rates.nodes?.get(name);
          const counts = instances.flatMap(({ nodes }) => nodes[name] ?? []);
          const skipped = counts.reduce((sum, one) => sum + one.skipped, 0);
          const late = counts.reduce((sum, one) => sum + one.late, 0);
          return (
            <tr key={name}>
              <td className="ell" title={name}>
                {name}
              </td>
              <td className="num">{rate === undefined ? '' : number(rate.recordsIn)}</td>
              <td className="num">{rate === undefined ? '' : number(rate.recordsOut)}</td>
              <td className={`num ${skipped > 0 ? 'warning-t' : 'dim'}`}>{whole(skipped)}</td>
              <td className={`num ${late > 0 ? 'warning-t' : 'dim'}`}>{whole(late)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Records where they can be seen, which is in topics: those that come to a node, and those that it leads to. */
function NodeRecords({
  topics,
}: {
  readonly topics: { readonly in: readonly string[]; readonly out: readonly string[] };
}) {
  const all = [
    ...topics.in.map((topic) => ({ topic, words: topics.out.length > 0 ? 'comes in' : '' })),
    ...topics.out.map((topic) => ({ topic, words: 'goes out' })),
  ];
  const [chosen, choose] = useState(all.at(-1)?.topic);
  if (chosen === undefined) return null;
  return (
    <>
      <div className="hd">
        <h3>Records</h3>
        <span className="s">the newest, as they are in</span>
        <div className="seg sm">
          {all.map(({ topic, words }) => (
            <button key={topic} type="button" aria-pressed={topic === chosen} onClick={() => choose(topic)}>
              {topic} {words !== '' && <span className="dim">{words}</span>}
            </button>
          ))}
        </div>
      </div>
      <SampledRecords key={chosen} topic={chosen} isLive />
    </>
  );
}
