import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import { answerOf, api } from '../../api/client.js';
import type { paths } from '../../api/schema.js';
import { FormDialog } from '../../parts/form-dialog.js';
import { titleOf } from '../../parts/incident-words.js';
import { count } from '../../parts/wording.js';
import { MatchersField, matchersIn } from './matchers.js';
import { type Silence, schedulesOf } from './questions.js';

type SilenceBody = paths['/silences']['post']['requestBody']['content']['application/json'];

interface SilenceDialogProps {
  readonly silence: Silence | undefined;
  readonly onKeep: (body: SilenceBody) => Promise<unknown>;
  readonly onClose: () => void;
}

const LENGTHS = [
  [1_800_000, '30 minutes'],
  [7_200_000, '2 hours'],
  [28_800_000, '8 hours'],
  [86_400_000, 'a day'],
  [604_800_000, '7 days'],
  [0, 'until somebody ends it'],
] as const;

/** A silence with what it would keep from being told now. */
export function SilenceDialog({ onClose, onKeep, silence }: SilenceDialogProps) {
  const [matchers, setMatchers] = useState<readonly string[]>(silence?.matchers ?? []);
  const schedules = useQuery(schedulesOf());
  const [length, setLength] = useState<string>(silence === undefined ? '7200000' : 'same');
  const submit = (form: FormData) => {
    const from = silence?.from ?? Date.now();
    const ms = Number(length);
    const until = length === 'same' ? (silence?.until ?? null) : ms === 0 ? null : Date.now() + ms;
    const schedule = String(form.get('schedule') ?? '');
    return onKeep({
      ...{ matchers: matchersIn(form.get('matchers')), from, until },
      ...{ schedule: schedule === '' ? null : schedule, reason: String(form.get('reason')) },
    });
  };
  return (
    <FormDialog
      title={silence === undefined ? 'A new silence' : 'Change the silence'}
      says="Nobody is told of incidents that fit. They are found and counted all the same."
      verb={silence === undefined ? 'Silence' : 'Keep'}
      onSubmit={submit}
      onClose={onClose}
    >
      <MatchersField name="matchers" label="Incidents with" value={matchers} required onChange={setMatchers} />
      <Preview matchers={useDeferredValue(matchers)} />
      <label>
        For
        <select className="in" value={length} onChange={({ target }) => setLength(target.value)}>
          {silence !== undefined && <option value="same">as long as it was</option>}
          {LENGTHS.map(([ms, words]) => (
            <option key={ms} value={ms}>
              {words}
            </option>
          ))}
        </select>
      </label>
      {(schedules.data?.length ?? 0) > 0 && (
        <label>
          Only in the times of
          <select name="schedule" className="in" defaultValue={silence?.schedule ?? ''}>
            <option value="">no schedule: always</option>
            {schedules.data?.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      <label>
        Reason
        <input name="reason" className="in" required maxLength={2000} defaultValue={silence?.reason ?? ''} />
      </label>
    </FormDialog>
  );
}

function Preview({ matchers }: { readonly matchers: readonly string[] }) {
  const { data, error } = useQuery({
    queryKey: ['alerting', 'preview', matchers],
    queryFn: ({ signal }) => answerOf(api.POST('/silences/preview', { body: { matchers: [...matchers] }, signal })),
    enabled: matchers.length > 0,
    retry: false,
  });
  if (matchers.length === 0) return null;
  return (
    <p className="s" role="status">
      {error !== null ? (
        <span className="warning-t">{error.message}</span>
      ) : data === undefined ? (
        '…'
      ) : data.items.length === 0 ? (
        <span className="t2">No incident that goes on now fits.</span>
      ) : (
        <>
          <b>{count(data.items.length, 'incident')}</b> that {data.items.length === 1 ? 'goes' : 'go'} on would not be
          told:{' '}
          {data.items
            .slice(0, 3)
            .map((one) => titleOf(one))
            .join('; ')}
          {data.items.length > 3 && ' and others'}.
        </>
      )}
    </p>
  );
}
