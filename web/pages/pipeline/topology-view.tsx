import { useMemo } from 'react';
import { Link, useSearchParams } from 'wouter';
import { Spark } from '../../charts/spark.js';
import { useNow } from '../../live/use-live.js';
import { Icon } from '../../parts/icon.js';
import { Failure, Loading, Note } from '../../parts/state.js';
import { bytes, duration, number, when, whole } from '../../parts/wording.js';
import { useKeys } from '../../shell/keys.js';
import { useRangeLink } from '../../shell/range.js';
import { useSearchChanges } from '../../shell/search-changes.js';
import { bottleneckOf } from './bottleneck.js';
import { type DescribedTopology, flowOf, nodeNamed } from './flow.js';
import { NodeDock } from './node-dock.js';
import { type History, lagSeriesOf, newestOf, type Rates, ratesOf } from './rates.js';
import { type InstanceStatus, partitionsOf } from './status.js';
import { TopologyMap } from './topology-map.js';
import { useHistory, useTopology } from './use-history.js';

/** The running plan with what passes through it now, and one node of it looked into. */
export function TopologyView() {
  const { asked, history } = useHistory();
  const topology = useTopology();
  const failed = asked.error ?? topology.error;
  if (failed !== null && (asked.data === undefined || topology.data === undefined)) {
    const again = () => void Promise.all([asked.refetch(), topology.refetch()]);
    return (
      <div className="pageh">
        <Failure what="The pipeline's state could not be read." error={failed} again={again} />
      </div>
    );
  }
  // What was asked for is in the history a moment later.
  const isComing = history.size === 0 && asked.data?.items.length !== 0;
  if (isComing || topology.data === undefined) {
    return (
      <div className="pageh">
        <Loading rows={8} />
      </div>
    );
  }
  const described = describedOf(topology.data.topology);
  if (history.size === 0) {
    return (
      <div className="pageh">
        <Note icon="pipeline" title="No instance says what it does.">
          Instances tell of themselves in the topic <code>pipeline-status</code>; none has in the last hour. The topics
          show what has been processed.
        </Note>
      </div>
    );
  }
  return (
    <>
      <Running history={history} />
      {described === undefined ? (
        <div className="pageh">
          <Loading rows={6} />
        </div>
      ) : (
        <Drawn described={described} history={history} />
      )}
    </>
  );
}

function describedOf(value: unknown): DescribedTopology | undefined {
  const is =
    typeof value === 'object' && value !== null && 'subtopologies' in value && Array.isArray(value.subtopologies);
  return is ? (value as DescribedTopology) : undefined;
}

function Drawn({ described, history }: { readonly described: DescribedTopology; readonly history: History }) {
  const [search] = useSearchParams();
  const change = useSearchChanges();
  const linkTo = useRangeLink();
  const instances = newestOf(history);
  const rates = useMemo(() => ratesOf(history), [history]);
  const read = [...new Set(instances.flatMap(({ partitions }) => partitions.map(({ topic }) => topic)))]
    .sort()
    .join(' ');
  const flow = useMemo(() => flowOf(described, new Set(read.split(' '))), [described, read]);
  const chosen = search.get('node') ?? search.get('store');
  const node = nodeNamed(flow, chosen);
  const close = () => {
    change({ node: undefined, store: undefined, window: undefined });
    // Who closes it is where it was opened.
    if (node !== undefined) document.querySelector<HTMLElement>(`[data-node="${CSS.escape(node.id)}"]`)?.focus();
  };
  useKeys({ Escape: close });
  return (
    <>
      <TopologyMap
        flow={flow}
        instances={instances}
        rates={rates}
        chosen={node?.id ?? null}
        hrefOf={(id) => linkTo('/pipeline', { node: id })}
      />
      {node === undefined ? (
        <p className="pageh t2">
          Choose a topic, a step or a store to see what passes there. A window store opens into its windows.
        </p>
      ) : (
        <NodeDock key={node.id} node={node} flow={flow} instances={instances} rates={rates} onClose={close} />
      )}
    </>
  );
}

/** The figures of all instances together, and the sentence that says what holds them up. */
function Running({ history }: { readonly history: History }) {
  const now = useNow();
  const linkTo = useRangeLink();
  const instances = newestOf(history);
  const rates = useMemo(() => ratesOf(history), [history]);
  const { node, sentence, tone } = bottleneckOf(history, now);
  return (
    <>
      <p className={`bneck ${tone}`} role="status">
        <Icon name={tone === 'ok' ? 'ok' : 'warning'} />
        <span>{sentence}</span>
        {node !== undefined && (
          <Link className="lnk nw" href={linkTo('/pipeline', { node })}>
            Look into it
          </Link>
        )}
      </p>
      <div className="pstat">
        {figuresOf(instances, rates, history).map(({ href, more, name, spark, title, value }) => {
          const words = (
            <>
              {name} <b>{value}</b>
              {spark !== undefined && (
                <span className="pss">
                  <Spark values={spark} zero />
                </span>
              )}
              {more !== undefined && <span className="t2">{more}</span>}
            </>
          );
          return href === undefined ? (
            <span key={name} className="ps" title={title}>
              {words}
            </span>
          ) : (
            <Link key={name} className="ps" title={title} href={linkTo(href.path, href.query)}>
              {words}
            </Link>
          );
        })}
      </div>
    </>
  );
}

interface RunningFigure {
  readonly name: string;
  readonly value: string;
  readonly more?: string;
  readonly title?: string;
  readonly spark?: readonly number[];
  readonly href?: { readonly path: string; readonly query?: Readonly<Record<string, string>> };
}

function figuresOf(instances: readonly InstanceStatus[], rates: Rates, history: History): RunningFigure[] {
  const total = (name: string) => instances.reduce((sum, { totals }) => sum + (totals[name] ?? 0), 0);
  const stores = instances.flatMap((one) => one.stores);
  const size = stores.reduce((sum, one) => sum + (one.bytes ?? 0), 0);
  const entries = stores.reduce((sum, one) => sum + (one.entries ?? 0), 0);
  const [worst] = partitionsOf(instances);
  const lag = partitionsOf(instances).reduce((sum, one) => sum + (one.lagRecords ?? 0), 0);
  const { commitMs, commitP95Ms, commitsPerSecond } = rates;
  const disk = bytes(size);
  const since = Math.min(...instances.map(({ started, time }) => started ?? time));
  const skippedWhy = [...new Set(instances.flatMap(({ skipped }) => Object.keys(skipped)))].join(', ');
  return [
    {
      name: 'Instances',
      value: String(instances.length),
      more: `${instances.reduce((sum, { tasks }) => sum + tasks.length, 0)} tasks`,
      href: { path: '/pipeline', query: { view: 'partitions' } },
      title: instances.map(({ instance, state, version }) => `${instance} ${state} ${version ?? ''}`).join('\n'),
    },
    {
      name: 'Commit',
      value: commitMs === undefined ? '–' : `${number(commitMs)} ms`,
      ...(commitsPerSecond !== undefined && {
        more: `${number(commitsPerSecond)}/s${commitP95Ms === undefined ? '' : `, p95 ≤ ${whole(commitP95Ms)}`}`,
      }),
      title: `Until a commit was durable, in the last seconds. ${whole(total('abortedCommits'))} were aborted since the start.`,
    },
    {
      name: 'Since',
      value: when(since),
      more: `${whole(total('rebalances'))} rebalanced, ${whole(total('abortedCommits'))} aborted`,
      title: 'When the first instance began; rebalances and aborted commits since then',
    },
    {
      name: 'State',
      value: size > 0 ? `${disk.value} ${disk.unit}` : whole(entries),
      more: `${size > 0 ? '' : 'entries, '}${new Set(stores.map((one) => one.name)).size} stores`,
      href: { path: '/pipeline', query: { view: 'partitions' } },
    },
    {
      name: 'Late',
      value: whole(total('lateRecords')),
      href: { path: '/logs', query: { source: 'late' } },
      title: 'Records left out since the start, for their windows were closed',
    },
    {
      name: 'Dead letters',
      value: whole(total('deadLetters')),
      href: { path: '/pipeline', query: { view: 'dead-letters' } },
      title: 'Since the start',
    },
    { name: 'Skipped', value: whole(total('recordsSkipped')), ...(skippedWhy !== '' && { title: skippedWhy }) },
    {
      name: 'Behind',
      value: worst?.lagMs === undefined ? '–' : `${number(Math.round(worst.lagMs / 100) / 10)} s`,
      more: `lag ${whole(lag)}`,
      spark: lagSeriesOf(history),
      href: { path: '/pipeline', query: { view: 'partitions' } },
      title: `The partition that is furthest behind, over the last ${duration(60_000)}`,
    },
  ];
}
