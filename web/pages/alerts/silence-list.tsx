import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client.js';
import { useNow } from '../../live/use-live.js';
import { Icon } from '../../parts/icon.js';
import { RemoveButton } from '../../parts/remove-button.js';
import { Answer, Note } from '../../parts/state.js';
import { duration, when } from '../../parts/wording.js';
import { useVisitor } from '../../shell/visitor.js';
import { ListHead } from './list-parts.js';
import { Matchers } from './matchers.js';
import { type Silence, silencesOf } from './questions.js';
import { SilenceDialog } from './silence-dialog.js';
import { useEditing } from './use-editing.js';

/** What is not told now, or will not be; and those that are over, last. */
export function SilenceList() {
  const { canAct } = useVisitor();
  const now = useNow(5_000);
  const asked = useQuery(silencesOf());
  const { begin, close, edit, edited, isOpen, keep, remove } = useEditing<Silence>();
  return (
    <section className="ax-s" id="silences" aria-labelledby="silences-t">
      <ListHead
        id="silences-t"
        title="Silences"
        says="Alerts are found and counted, and nobody is told."
        adds={canAct ? 'Silence' : undefined}
        onAdd={begin}
      />
      <Answer asked={asked} what="The silences could not be read.">
        {(all) => {
          const items = all.filter(({ state }) => state !== 'expired');
          return items.length === 0 ? (
            <Note icon="bell_off" title="No silences.">
              No alert is held back.
            </Note>
          ) : (
            <ul className="sil">
              {items.map((one) => (
                <li key={one.id}>
                  <Icon name="bell_off" className={one.state === 'active' ? '' : 'dim'} />
                  <div>
                    <p>
                      <Matchers matchers={one.matchers} />
                    </p>
                    <p className="s t2">
                      {lastsOf(one, now)}. {one.reason === '' ? '' : `${one.reason.replace(/\.$/, '')}. `}
                      {one.origin === 'file' ? 'Of the file.' : `By ${one.by}.`}
                    </p>
                  </div>
                  {canAct && one.origin === 'edited' && (
                    <>
                      <button type="button" className="btn ghost sm" onClick={() => edit(one)}>
                        Change
                      </button>
                      <RemoveButton
                        verb="End"
                        what="the silence"
                        says="Incidents that it holds back are told from now on, also those that are open."
                        onRemove={() => remove(api.DELETE('/silences/{id}', { params: { path: { id: one.id } } }))}
                      />
                    </>
                  )}
                </li>
              ))}
            </ul>
          );
        }}
      </Answer>
      {isOpen && (
        <SilenceDialog
          silence={edited}
          onKeep={(body) =>
            edited === undefined
              ? keep(api.POST('/silences', { body }))
              : keep(api.PUT('/silences/{id}', { params: { path: { id: edited.id } }, body }))
          }
          onClose={close}
        />
      )}
    </section>
  );
}

function lastsOf({ from, schedule, state, until }: Silence, now: number): string {
  const times = schedule === null ? '' : ` in the times of ${schedule}`;
  if (state === 'pending') return `Begins at ${when(from, now)}${times}`;
  const end = until === null ? 'Without an end' : `${duration(until - now)} left, until ${when(until, now)}`;
  return state === 'waiting' ? `${end}; waits for its next time of ${schedule}` : `${end}${times}`;
}
