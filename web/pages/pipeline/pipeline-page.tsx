import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { answerOf, api } from '../../api/client.js';
import { topicsOf } from '../../api/questions.js';
import { Icon } from '../../parts/icon.js';
import { Answer, Note } from '../../parts/state.js';
import { TableHead } from '../../parts/table-head.js';
import { count, duration, number, timeOfDay, timeOfDayMs, whole } from '../../parts/wording.js';
import { useRangeLink } from '../../shell/range.js';
import { TopBar } from '../../shell/top-bar.js';
import { quoted } from '../logs/search-terms.js';
import { bottleneckOf, partitionsOf, storesOf, totalsOf } from './status.js';

const VIEWS = [
  ['', 'Running'],
  ['topics', 'Topics'],
  ['dead-letters', 'Dead letters'],
] as const;

/** What runs, how far it is, and what the topics hold. */
export default function PipelinePage() {
  const [search, setSearch] = useSearchParams();
  const view = search.get('view') ?? '';
  return (
    <>
      <TopBar title="Pipeline" range={false}>
        <div className="seg">
          {VIEWS.map(([name, words]) => (
            <button
              key={name}
              type="button"
              aria-pressed={name === view}
              onClick={() =>
                setSearch((params) => {
                  params.set('view', name);
                  if (name === '') params.delete('view');
                  return params;
                })
              }
            >
              {words}
            </button>
          ))}
        </div>
      </TopBar>
      <main id="main">{view === 'topics' ? <Topics /> : view === 'dead-letters' ? <DeadLetters /> : <Running />}</main>
    </>
  );
}

function Running() {
  const asked = useQuery({
    queryKey: ['topology-metrics'],
    queryFn: ({ signal }) => answerOf(api.GET('/topology/metrics', { signal })),
    refetchInterval: 2_000,
  });
  return (
    <Answer asked={asked} what="The pipeline's state could not be read." rows={8}>
      {({ items }) =>
        items.length === 0 ? (
          <div className="pageh">
            <Note icon="pipeline" title="No instance says what it does.">
              Instances tell of themselves in the topic <code>pipeline-status</code>; none has in the last hour. The
              topics show what has been processed.
            </Note>
          </div>
        ) : (
          <>
            <div className="pstat">
              <span className="ps">
                Instances <b>{items.length}</b>
              </span>
              {totalsOf(items).map(({ name, value }) => (
                <span key={name} className="ps">
                  {name} <b>{whole(value)}</b>
                </span>
              ))}
            </div>
            <p className="pageh">{bottleneckOf(items)}</p>
            <div className="grid-2">
              <section aria-labelledby="instances-t">
                <div className="hd">
                  <h2 id="instances-t">Instances</h2>
                </div>
                <table className="tb">
                  <tbody>
                    {items.map(({ application, instance, state, time }) => (
                      <tr key={instance}>
                        <td className="mono">{instance}</td>
                        <td>{application}</td>
                        <td>{state}</td>
                        <td className="num mono">{timeOfDay(time)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
                <div className="hd pt-3">
                  <h2>Stores</h2>
                </div>
                <table className="tb">
                  <TableHead words={['store', 'task']} numbers={['entries', 'bytes']} />
                  <tbody>
                    {storesOf(items).map(({ bytes, entries, name, task }) => (
                      <tr key={`${name}${task}`}>
                        <td className="mono">{name}</td>
                        <td className="mono">{task}</td>
                        <td className="num">{entries === undefined ? '' : whole(entries)}</td>
                        <td className="num">{bytes === undefined ? '' : whole(bytes)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </section>
              <section aria-labelledby="partitions-t">
                <div className="hd">
                  <h2 id="partitions-t">Partitions</h2>
                </div>
                <table className="tb">
                  <TableHead words={['partition']} numbers={['lag', 'behind', 'stream time']}>
                    <th scope="col" />
                  </TableHead>
                  <tbody>
                    {partitionsOf(items).map((one) => (
                      <tr key={`${one.topic}${one.partition}`}>
                        <td className="mono">
                          {one.topic}/{one.partition}
                        </td>
                        <td className="num">{one.lagRecords === undefined ? '' : whole(one.lagRecords)}</td>
                        <td className="num">{one.lagMs === undefined ? '' : `${number(one.lagMs / 1000)} s`}</td>
                        <td className="num mono">{one.watermark === undefined ? '' : timeOfDayMs(one.watermark)}</td>
                        <td>
                          {one.idleSince !== undefined && (
                            <span className="dim">idle {duration(Date.now() - one.idleSince)}</span>
                          )}
                          {one.holdsBack && <span className="warning-t">holds the others back</span>}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </section>
            </div>
          </>
        )
      }
    </Answer>
  );
}

function Topics() {
  const [search, setSearch] = useSearchParams();
  const asked = useQuery(topicsOf());
  const chosen = search.get('topic');
  const [showsInternal, showInternal] = useState(false);
  return (
    <div className="grid-2">
      <section aria-label="Topics">
        <label className="cb">
          <input type="checkbox" checked={showsInternal} onChange={({ target }) => showInternal(target.checked)} />
          with those of the engine's own
        </label>
        <Answer asked={asked} what="The topics could not be read." rows={8}>
          {({ items }) => (
            <table className="tb svc">
              <TableHead words={['topic']} numbers={['partitions', 'records']} />
              <tbody>
                {items
                  .filter(({ name }) => showsInternal || !/-(changelog|repartition)$/.test(name))
                  .map(({ name, partitions, records }) => (
                    <tr key={name} aria-selected={name === chosen || undefined}>
                      <td className="mono">
                        <button
                          type="button"
                          className="n"
                          onClick={() =>
                            setSearch((params) => {
                              params.set('topic', name);
                              return params;
                            })
                          }
                        >
                          {name}
                        </button>
                      </td>
                      <td className="num">{partitions.length}</td>
                      <td className="num">{whole(records)}</td>
                    </tr>
                  ))}
              </tbody>
            </table>
          )}
        </Answer>
      </section>
      <section aria-label="Records">
        {chosen === null ? <Note icon="kafka" title="No topic is chosen." /> : <Records key={chosen} topic={chosen} />}
      </section>
    </div>
  );
}

function Records({ topic }: { readonly topic: string }) {
  const asked = useQuery({
    queryKey: ['records', topic],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/topics/{name}/records', { params: { path: { name: topic }, query: { limit: 30 } }, signal })),
  });
  return (
    <>
      <div className="hd">
        <h2 className="mono">{topic}</h2>
        <span className="s">the newest records</span>
        <button type="button" className="btn sm r" onClick={() => asked.refetch()}>
          <Icon name="refresh" />
          Again
        </button>
      </div>
      <Answer asked={asked} what="The records could not be read.">
        {({ items }) =>
          items.length === 0 ? (
            <Note title="It holds none." />
          ) : (
            <ol>
              {items.map(({ id, key, partition, offset, timestamp, value }) => (
                <li key={id} className="py-1">
                  <p className="s t2 mono">
                    {timeOfDayMs(timestamp)} p{partition} {offset} {key}
                  </p>
                  <pre className="json">{JSON.stringify(value)}</pre>
                </li>
              ))}
            </ol>
          )
        }
      </Answer>
    </>
  );
}

function DeadLetters() {
  const linkTo = useRangeLink();
  const asked = useQuery({
    queryKey: ['dead-letters'],
    queryFn: ({ signal }) => answerOf(api.GET('/dead-letters', { params: { query: { limit: 1 } }, signal })),
    refetchInterval: 10_000,
  });
  return (
    <section className="pageh" aria-label="Dead letters">
      <Answer asked={asked} what="The dead letters could not be read.">
        {({ reasons }) =>
          reasons.length === 0 ? (
            <Note icon="ok" title="None.">
              All that came could be read.
            </Note>
          ) : (
            <table className="tb">
              <TableHead words={['reason']} numbers={['records']} />
              <tbody>
                {reasons.map(({ reason, records }) => (
                  <tr key={reason}>
                    <td>
                      <Link
                        className="n"
                        href={linkTo('/logs', {
                          source: 'dead-letters',
                          q: `reason:${quoted(reason)}`,
                        })}
                      >
                        {reason}
                      </Link>
                    </td>
                    <td className="num">{count(records, 'record')}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Answer>
    </section>
  );
}
