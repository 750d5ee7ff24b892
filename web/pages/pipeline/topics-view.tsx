import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'wouter';
import { topicsOf } from '../../api/questions.js';
import { Answer, Note } from '../../parts/state.js';
import { TableHead } from '../../parts/table-head.js';
import { whole } from '../../parts/wording.js';
import { Choice } from './choice.js';
import { SampledRecords } from './sampled-records.js';

const NEWEST = 30;

/** All topics of the log, and the newest records of one. */
export function TopicsView() {
  const [search] = useSearchParams();
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
                  .filter(({ name }) => showsInternal || name === chosen || !/-(changelog|repartition)$/.test(name))
                  .map(({ name, partitions, records }) => (
                    <tr key={name} aria-selected={name === chosen || undefined}>
                      <td className="mono">
                        <Choice name={name} param="topic" />
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
        {chosen === null ? (
          <Note icon="kafka" title="No topic is chosen." />
        ) : (
          <>
            <div className="hd">
              <h2 className="mono">{chosen}</h2>
              <span className="s">the newest records</span>
            </div>
            <SampledRecords key={chosen} topic={chosen} limit={NEWEST} />
          </>
        )}
      </section>
    </div>
  );
}
