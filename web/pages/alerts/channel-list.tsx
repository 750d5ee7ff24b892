import { useMutation, useQuery } from '@tanstack/react-query';
import { answerOf, api, type Schemas } from '../../api/client.js';
import { Icon } from '../../parts/icon.js';
import { Answer, Failure, Note } from '../../parts/state.js';
import { when, whole } from '../../parts/wording.js';
import { useVisitor } from '../../shell/visitor.js';
import { ChannelDialog } from './channel-dialog.js';
import { ChangeButtons, ListHead } from './list-parts.js';
import { channelsOf, deliveriesOf } from './questions.js';
import { iconOf } from './route-list.js';
import { useEditing } from './use-editing.js';

type Channel = Schemas['Channel'];
const NEWEST = 200;

/** Who can be told, and whether it works. */
export function ChannelList() {
  const { canAct, isAdmin } = useVisitor();
  const asked = useQuery(channelsOf());
  const deliveries = useQuery(deliveriesOf(undefined, NEWEST));
  const { begin, close, edit, edited, isOpen, keep, remove } = useEditing<Channel>();
  const test = useMutation({
    mutationFn: (name: string) => answerOf(api.POST('/channels/{id}/test', { params: { path: { id: name } } })),
  });
  return (
    <section className="ax-c" id="channels" aria-labelledby="channels-t">
      <ListHead id="channels-t" title="Channels" adds={isAdmin ? 'Channel' : undefined} onAdd={begin} />
      <Answer asked={asked} what="The channels could not be read.">
        {({ items }) =>
          items.length === 0 ? (
            <Note icon="bell_off" title="No channel.">
              Nobody is told. Add one here, or name one by <code>--webhook</code> or <code>--alerts</code>.
            </Note>
          ) : (
            <ul className="chs">
              {items.map((channel) => {
                const { name, origin, type } = channel;
                const last = deliveries.data?.items.find((one) => one.channel === name && one.attempts.length > 0);
                const said = test.variables === name && !test.isPending ? test.data : undefined;
                return (
                  <li key={name}>
                    <div className="chl">
                      <Icon name={iconOf(type)} />
                      <b>{name}</b>
                      {said === undefined ? <Works delivery={last} /> : <Tested said={said} />}
                      <span className="mono t2 ell">{addressOf(channel)}</span>
                    </div>
                    {canAct && (
                      <button
                        type="button"
                        className="btn ghost sm"
                        onClick={() => test.mutate(name)}
                        disabled={test.isPending}
                      >
                        Test
                      </button>
                    )}
                    {isAdmin && origin === 'edited' && (
                      <ChangeButtons
                        changes={`Change ${name}`}
                        deletes={`the channel ${name}`}
                        says="Nothing is sent to it any more. Its secrets are not kept."
                        onChange={() => edit(channel)}
                        onDelete={() => remove(api.DELETE('/channels/{id}', { params: { path: { id: name } } }))}
                      />
                    )}
                  </li>
                );
              })}
            </ul>
          )
        }
      </Answer>
      {test.error !== null && <Failure what="The channel could not be tested." error={test.error} />}
      <p className="s t2 note">
        Webhooks go to https and public addresses only, unless the file of <code>--alerts</code> allows an address.
        Secrets are shown once, when they are given.
      </p>
      {isOpen && (
        <ChannelDialog
          channel={edited}
          onKeep={(name, body) =>
            edited === undefined
              ? keep(api.POST('/channels', { body }))
              : keep(api.PUT('/channels/{id}', { params: { path: { id: name } }, body }))
          }
          onClose={close}
        />
      )}
    </section>
  );
}

function Tested({ said }: { readonly said: Schemas['ChannelTest'] }) {
  return (
    <span className={`st ${said.ok ? 'ok' : 'warning'}`} role="status">
      <Icon name={said.ok ? 'ok' : 'warning'} />
      {said.ok ? 'works' : said.said}, {whole(said.took_ms)} ms
    </span>
  );
}

/** By the last that was sent to it. */
function Works({ delivery }: { readonly delivery: Schemas['Delivery'] | undefined }) {
  const last = delivery?.attempts.at(-1);
  if (delivery === undefined || last === undefined) return <span className="st dim">not used yet</span>;
  const isFine = delivery.state === 'delivered';
  return (
    <span className={`st ${isFine ? 'ok' : 'warning'}`}>
      <Icon name={isFine ? 'ok' : 'warning'} />
      {isFine ? `works, ${whole(last.took_ms)} ms` : `${last.said} since ${when(delivery.created)}`}
    </span>
  );
}

function addressOf(channel: Channel): string {
  const { host, port, to, type, url } = channel as Channel & Readonly<Record<string, unknown>>;
  if (typeof url === 'string') return url;
  if (typeof host === 'string') return `${host}:${port}, to ${Array.isArray(to) ? to.join(', ') : to}`;
  return type;
}
