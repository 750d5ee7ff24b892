import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client.js';
import { FormDialog } from '../../parts/form-dialog.js';
import { Answer, Note } from '../../parts/state.js';
import { duration, list } from '../../parts/wording.js';
import { useVisitor } from '../../shell/visitor.js';
import { ChangeButtons, ListHead } from './list-parts.js';
import { LABELS, Matchers, MatchersField, matchersIn } from './matchers.js';
import { flappingOf, type Inhibition, inhibitionsOf } from './questions.js';
import { useEditing } from './use-editing.js';

/** What is not told while something graver goes on. */
export function InhibitionList() {
  const { isAdmin } = useVisitor();
  const asked = useQuery(inhibitionsOf());
  const { begin, close, edit, edited, isOpen, keep, remove } = useEditing<Inhibition>();
  const submit = (form: FormData) => {
    const body = {
      source_matchers: matchersIn(form.get('source')),
      target_matchers: matchersIn(form.get('target')),
      equal: LABELS.filter((label) => form.getAll('equal').includes(label)),
    };
    return edited === undefined
      ? keep(api.POST('/inhibitions', { body }))
      : keep(api.PUT('/inhibitions/{id}', { params: { path: { id: edited.id } }, body }));
  };
  return (
    <section aria-labelledby="inhibitions-t">
      <ListHead
        id="inhibitions-t"
        title="Inhibition"
        says="what is not told while something graver goes on"
        adds={isAdmin ? 'Inhibition' : undefined}
        onAdd={begin}
      />
      <Answer asked={asked} what="The inhibitions could not be read.">
        {(items) =>
          items.length === 0 ? (
            <Note icon="bell_off" title="No inhibition.">
              Each incident is told for itself.
            </Note>
          ) : (
            <ul className="sil">
              {items.map((one) => (
                <li key={one.id}>
                  <div>
                    <p>
                      <span className="t2">While</span> <Matchers matchers={one.source_matchers} />
                    </p>
                    <p>
                      <span className="t2">not</span> <Matchers matchers={one.target_matchers} />
                      {one.equal.length > 0 && <span className="t2"> of the same {list(one.equal)}</span>}
                    </p>
                  </div>
                  {one.origin === 'file' && <span className="dim s">of the file</span>}
                  {isAdmin && one.origin === 'edited' && (
                    <ChangeButtons
                      deletes="the inhibition"
                      says="Incidents that it held back are told for themselves."
                      onChange={() => edit(one)}
                      onDelete={() => remove(api.DELETE('/inhibitions/{id}', { params: { path: { id: one.id } } }))}
                    />
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
      <Flapping />
      {isOpen && (
        <FormDialog
          title={edited === undefined ? 'A new inhibition' : 'Change the inhibition'}
          says="While an incident like the first goes on, those like the second are not told."
          verb="Keep"
          onSubmit={submit}
          onClose={close}
        >
          <MatchersField name="source" label="While there is one with" value={edited?.source_matchers ?? []} required />
          <MatchersField
            name="target"
            label="Nobody is told of those with"
            value={edited?.target_matchers ?? []}
            required
          />
          <fieldset className="picks">
            <legend>Only where both have the same</legend>
            {LABELS.map((label) => (
              <label key={label} className="cb">
                <input type="checkbox" name="equal" value={label} defaultChecked={edited?.equal.includes(label)} />
                {label}
              </label>
            ))}
          </fieldset>
        </FormDialog>
      )}
    </section>
  );
}

function Flapping() {
  const { data } = useQuery(flappingOf());
  if (data === undefined) return null;
  return (
    <p className="s t2 note">
      An incident that comes and goes {data.changes} times in {duration(data.within)} is told as one, until it has
      stayed as it is for {duration(data.stable)}.
    </p>
  );
}
