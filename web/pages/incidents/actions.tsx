import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useRef } from 'react';
import { answerOf, api, type Incident } from '../../api/client.js';
import { Failure } from '../../parts/state.js';
import { useKeys } from '../../shell/keys.js';
import { useVisitor } from '../../shell/visitor.js';

interface ActionsProps {
  readonly incident: Incident;
  /** What stands before them, such as the way to the incident. */
  readonly children?: React.ReactNode;
  readonly withFine?: boolean;
  readonly primary?: boolean;
}

/** What people can say of an incident: somebody is on it, tell nobody, this was fine. */
export function IncidentActions({ children, incident, primary = false, withFine = false }: ActionsProps) {
  const client = useQueryClient();
  const { canAct } = useVisitor();
  const silence = useRef<HTMLDialogElement>(null);
  const fine = useRef<HTMLDialogElement>(null);
  const params = { path: { id: incident.id } };
  const onSuccess = () => client.invalidateQueries({ queryKey: ['incidents'] });
  const acknowledge = useMutation({
    mutationFn: () => answerOf(api.POST('/incidents/{id}/ack', { params, body: {} })),
    onSuccess,
  });
  const keepSilent = useMutation({
    mutationFn: (body: { for: string; reason: string }) =>
      answerOf(api.POST('/incidents/{id}/silence', { params, body })),
    onSuccess,
  });
  const wasFine = useMutation({
    mutationFn: (body: Said) => answerOf(api.POST('/incidents/{id}/feedback', { params, body })),
    onSuccess,
  });
  useKeys({
    a: () => canAct && !incident.acknowledged && acknowledge.mutate(),
    s: () => canAct && silence.current?.showModal(),
    ...(withFine && { f: () => canAct && fine.current?.showModal() }),
  });
  const failed = [acknowledge, keepSilent, wasFine].find(({ error }) => error !== null);
  return (
    <>
      {children}
      {canAct && (
        <>
          {!incident.acknowledged && (
            <button
              type="button"
              className={`btn ${primary ? 'primary' : ''}`}
              onClick={() => acknowledge.mutate()}
              disabled={acknowledge.isPending}
            >
              Acknowledge <kbd>a</kbd>
            </button>
          )}
          <button type="button" className="btn" onClick={() => silence.current?.showModal()}>
            Silence <kbd>s</kbd>
          </button>
          {withFine && (
            <button type="button" className="btn" onClick={() => fine.current?.showModal()}>
              This was fine <kbd>f</kbd>
            </button>
          )}
        </>
      )}
      {failed !== undefined && <Failure what="That was not noted." error={failed.error} />}
      <SilenceDialog dialog={silence} scope={incident.scope} onSubmit={(body) => keepSilent.mutate(body)} />
      <FineDialog dialog={fine} incident={incident} onSubmit={(body) => wasFine.mutate(body)} />
    </>
  );
}

/** Of an incident, whether it was fine. */
interface Said {
  readonly was_fine: boolean;
  readonly note: string;
  readonly for?: string | null;
  readonly at_this_time_of_day: boolean;
  readonly time_zone: string;
  readonly entities: 'same' | 'alike';
}

interface DialogRef {
  readonly current: HTMLDialogElement | null;
}

const LENGTHS = [
  ['30m', '30 minutes'],
  ['2h', '2 hours'],
  ['8h', '8 hours'],
  ['1d', 'a day'],
  ['7d', '7 days'],
] as const;

function SilenceDialog({
  dialog,
  onSubmit,
  scope,
}: {
  dialog: React.RefObject<HTMLDialogElement | null>;
  scope: string;
  onSubmit: (body: { for: string; reason: string }) => void;
}) {
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="silence-title">
      <form
        method="dialog"
        onSubmit={(event) =>
          readForm(event, dialog, (form) =>
            onSubmit({ for: String(form.get('for')), reason: String(form.get('reason')) }),
          )
        }
      >
        <h2 id="silence-title">Silence</h2>
        <p className="t2">
          Nobody is told of <code>{scope}</code> for some time. Its alerts are found and counted all the same.
        </p>
        <label>
          For
          <select name="for" className="in" defaultValue="2h">
            {LENGTHS.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label>
          Reason
          <input name="reason" className="in" required maxLength={2000} />
        </label>
        <Buttons dialog={dialog} verb="Silence" />
      </form>
    </dialog>
  );
}

const DAILY = 'daily';
const FAULT = 'fault';
const FINE_FOR = [
  ['', 'this incident alone'],
  ['1d', 'the same for a day'],
  ['7d', 'the same for 7 days'],
  ['30d', 'the same for 30 days'],
  ['90d', 'the same for 90 days'],
  [DAILY, 'the same at this time of day, always'],
  [FAULT, 'nothing: it was a fault, each time it comes'],
] as const;

function FineDialog({
  dialog,
  incident,
  onSubmit,
}: {
  dialog: React.RefObject<HTMLDialogElement | null>;
  incident: Incident;
  onSubmit: (body: Said) => void;
}) {
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="fine-title">
      <form method="dialog" onSubmit={(event) => readForm(event, dialog, (form) => onSubmit(saidIn(form)))}>
        <h2 id="fine-title">This was fine</h2>
        <p className="t2">
          It no longer counts as open, and its detectors learn from it: {incident.detectors.join(', ')}.
        </p>
        <label>
          What is fine
          <select name="for" className="in" defaultValue="1d">
            {FINE_FOR.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
          <span className="s">
            The same: alerts of <code>{incident.scope}</code> by these detectors that go no further than these did.
          </span>
        </label>
        <label className="flex gap-2 items-center">
          <input type="checkbox" name="alike" /> Also of entities like it, whose names differ in numbers only
        </label>
        <label>
          Why
          <textarea name="note" className="in" maxLength={2000} />
        </label>
        <Buttons dialog={dialog} verb="This was fine" />
      </form>
    </dialog>
  );
}

function saidIn(form: FormData): Said {
  const chosen = String(form.get('for'));
  const isDaily = chosen === DAILY;
  return {
    was_fine: chosen !== FAULT,
    note: String(form.get('note')),
    ...(!isDaily && chosen !== FAULT && { for: chosen || null }),
    at_this_time_of_day: isDaily,
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    entities: form.get('alike') === null ? 'same' : 'alike',
  };
}

function Buttons({ dialog, verb }: { readonly dialog: DialogRef; readonly verb: string }) {
  return (
    <div className="flex justify-end gap-2">
      <button type="button" className="btn" onClick={() => dialog.current?.close()}>
        Cancel
      </button>
      <button type="submit" className="btn primary">
        {verb}
      </button>
    </div>
  );
}

function readForm(event: FormEvent<HTMLFormElement>, dialog: DialogRef, use: (form: FormData) => void): void {
  event.preventDefault();
  use(new FormData(event.currentTarget));
  event.currentTarget.reset();
  dialog.current?.close();
}
