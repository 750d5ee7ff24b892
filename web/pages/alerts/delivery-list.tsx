import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { answerOf, api, type Schemas } from '../../api/client.js';
import { useNow } from '../../live/use-live.js';
import { Icon } from '../../parts/icon.js';
import { nameOf } from '../../parts/incident-words.js';
import { Answer, Failure, Note } from '../../parts/state.js';
import { Wide } from '../../parts/wide.js';
import { when, whole } from '../../parts/wording.js';
import { useVisitor } from '../../shell/visitor.js';
import { channelsOf, deliveriesOf } from './questions.js';

const STATES = [
  [undefined, 'All'],
  ['pending', 'Waiting'],
  ['failed', 'Failed'],
] as const;
const MAX = 100;

/** What was told, the newest first, each with its answer; what failed can be sent again. */
export function DeliveryList() {
  const client = useQueryClient();
  const { canAct } = useVisitor();
  const now = useNow(5_000);
  const [state, choose] = useState<'pending' | 'failed'>();
  const asked = useQuery(deliveriesOf(state, MAX));
  const channels = useQuery(channelsOf());
  const isThere = (channel: string) => channels.data?.items.some(({ name }) => name === channel) !== false;
  const again = useMutation({
    mutationFn: (id: string) => answerOf(api.POST('/deliveries/{id}/replay', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ['alerting', 'deliveries'] }),
  });
  return (
    <section className="ax-d" id="deliveries" aria-labelledby="deliveries-t">
      <div className="hd">
        <h2 id="deliveries-t">Deliveries</h2>
        <span className="s">newest first, kept for 30 days</span>
        <span className="r seg sm">
          {STATES.map(([name, words]) => (
            <button key={words} type="button" aria-pressed={name === state} onClick={() => choose(name)}>
              {words}
            </button>
          ))}
        </span>
      </div>
      {again.error !== null && <Failure what="It could not be sent." error={again.error} />}
      <Answer asked={asked} what="The deliveries could not be read.">
        {({ items }) =>
          items.length === 0 ? (
            <Note icon="webhook" title={state === undefined ? 'Nothing was sent.' : 'None.'} />
          ) : (
            <Wide label="Deliveries">
              <table className="tb">
                <thead>
                  <tr>
                    {['sent', 'channel', 'event', 'about', 'attempt', 'answer', 'took', ''].map((title) => (
                      <th key={title} scope="col" className={title === 'attempt' || title === 'took' ? 'num' : ''}>
                        {title === '' ? <span className="vh">send it</span> : title}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {items.map((one) => (
                    <DeliveryRow
                      key={one.id}
                      delivery={one}
                      now={now}
                      {...(canAct && isThere(one.channel) && { onSend: () => again.mutate(one.id) })}
                    />
                  ))}
                </tbody>
              </table>
            </Wide>
          )
        }
      </Answer>
    </section>
  );
}

interface DeliveryRowProps {
  readonly delivery: Schemas['Delivery'];
  readonly now: number;
  readonly onSend?: () => void;
}

function DeliveryRow({ delivery, now, onSend }: DeliveryRowProps) {
  const { attempts, channel, created, incidents, reason, state } = delivery;
  const last = attempts.at(-1);
  const isFine = state === 'delivered';
  return (
    <tr>
      <td className="mono t2">{when(last?.time ?? created, now)}</td>
      <td>{channel}</td>
      <td className="mono">incident.{reason}</td>
      <td>
        {incidents.map((incident) => (
          <Link key={incident} className="n" href={`/incidents/${encodeURIComponent(incident)}`}>
            {nameOf(incident.replace(/^incident\//, '').replace(/@\d+$/, ''))}{' '}
          </Link>
        ))}
      </td>
      <td className="num">{attempts.length}</td>
      <td>
        <span className={`st ${isFine ? 'ok' : state === 'failed' ? 'critical' : 'warning'}`}>
          <Icon name={isFine ? 'ok' : state === 'failed' ? 'critical' : 'timer'} />
          <span className="t2">{last?.said ?? 'not sent yet'}</span>
        </span>
      </td>
      <td className="num t2 nw">{last === undefined ? '' : `${whole(last.took_ms)} ms`}</td>
      <td className="num">
        {onSend !== undefined && !isFine && (
          <button type="button" className="btn sm" onClick={onSend}>
            Send now
          </button>
        )}
      </td>
    </tr>
  );
}
