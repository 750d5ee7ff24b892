import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf, api } from '../../api/client.js';
import { useNow } from '../../live/use-live.js';
import { Icon } from '../../parts/icon.js';
import { nameOf } from '../../parts/incident-words.js';
import { Answer, Note } from '../../parts/state.js';
import { number, when } from '../../parts/wording.js';
import { useVisitor } from '../../shell/visitor.js';

const EVERY_MS = 5_000;

/** Who can be told, and whether it works. */
export function Channels() {
  const { canAct } = useVisitor();
  const asked = useQuery({
    queryKey: ['channels'],
    queryFn: ({ signal }) => answerOf(api.GET('/channels', { signal })),
  });
  const test = useMutation({
    mutationFn: (name: string) => answerOf(api.POST('/channels/{id}/test', { params: { path: { id: name } } })),
  });
  return (
    <section aria-labelledby="channels-t">
      <div className="hd">
        <h2 id="channels-t">Channels</h2>
        <span className="s">who is told</span>
      </div>
      <Answer asked={asked} what="The channels could not be read.">
        {({ items }) =>
          items.length === 0 ? (
            <Note icon="bell_off" title="No channel.">
              Nobody is told. <code>--webhook</code> or <code>--alerts</code> names one.
            </Note>
          ) : (
            <table className="tb">
              <tbody>
                {items.map(({ name, type }) => (
                  <tr key={name}>
                    <td>
                      <b>{name}</b>
                    </td>
                    <td className="t2">{type}</td>
                    <td className="num">
                      {test.variables === name && test.data !== undefined && (
                        <span className={test.data.ok ? 't2' : 'warning-t'}>
                          {test.data.said}, {number(Math.round(test.data.took_ms))} ms{' '}
                        </span>
                      )}
                      {canAct && (
                        <button
                          type="button"
                          className="btn sm"
                          onClick={() => test.mutate(name)}
                          disabled={test.isPending}
                        >
                          Test
                        </button>
                      )}
                    </td>
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

/** What was told, the newest first, and what came of it. */
export function Deliveries() {
  const client = useQueryClient();
  const { canAct } = useVisitor();
  const now = useNow(10_000);
  const asked = useQuery({
    queryKey: ['deliveries'],
    queryFn: ({ signal }) => answerOf(api.GET('/deliveries', { params: { query: { limit: 50 } }, signal })),
    refetchInterval: EVERY_MS,
  });
  const again = useMutation({
    mutationFn: async (id: string) => {
      await api.POST('/deliveries/{id}/replay', { params: { path: { id } } });
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ['deliveries'] }),
  });
  return (
    <section aria-labelledby="deliveries-t">
      <div className="hd">
        <h2 id="deliveries-t">Deliveries</h2>
        <span className="s">the newest first</span>
      </div>
      <Answer asked={asked} what="The deliveries could not be read.">
        {({ items }) =>
          items.length === 0 ? (
            <Note icon="webhook" title="Nothing was sent." />
          ) : (
            <div className="overflow-x-auto">
              <table className="tb">
                <tbody>
                  {items.map(({ attempts, channel, created, id, incidents, reason, state }) => (
                    <tr key={id}>
                      <td className="mono">{when(created, now)}</td>
                      <td>{channel}</td>
                      <td>{reason}</td>
                      <td>{incidents.map((incident) => nameOf(incident.replace(/^incident\//, ''))).join(', ')}</td>
                      <td className={state === 'failed' ? 'warning-t' : 't2'}>
                        {state === 'delivered' && <Icon name="check" className="inline" />} {state}{' '}
                        {attempts.at(-1)?.said}
                      </td>
                      <td className="num">
                        {canAct && state !== 'delivered' && (
                          <button type="button" className="btn sm" onClick={() => again.mutate(id)}>
                            Send now
                          </button>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Answer>
    </section>
  );
}
