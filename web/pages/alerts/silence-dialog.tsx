import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import { answerOf, api } from '../../api/client.js';
import type { paths } from '../../api/schema.js';
import { FormDialog } from '../../parts/form-dialog.js';
import { titleOf } from '../../parts/incident-words.js';
import { type Length, LengthField, SILENCE_LENGTHS } from '../../parts/length-field.js';
import { count } from '../../parts/wording.js';
import { MatchersField, matchersIn } from './matchers.js';
import { type Silence, schedulesOf } from './questions.js';

type SilenceBody = paths['/silences']['post']['requestBody']['content']['application/json'];

interface SilenceDialogProps {
  readonly silence: Silence | undefined;
  readonly onKeep: (body: SilenceBody) => Promise<unknown>;
  readonly onClose: () => void;
}

const SAME = 'same';
const ENDLESS = 'endless';
const LENGTHS: readonly Length[] = [...SILENCE_LENGTHS, [ENDLESS, 'until somebody ends it']];
const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A silence with what it would keep from being told now. */
export function SilenceDialog({ onClose, onKeep, silence }: SilenceDialogProps) {
  const [matchers, setMatchers] = useState<readonly string[]>(silence?.matchers ?? []);
  const schedules = useQuery(schedulesOf());
  const submit = (form: FormData) => {
    const from = silence?.from ?? Date.now();
    const length = String(form.get('for'));
    const until =
      length === SAME ? (silence?.until ?? null) : length === ENDLESS ? null : Date.now() + milliseconds(length);
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
      <LengthField
        label="For"
        lengths={silence === undefined ? LENGTHS : [[SAME, 'as long as it was'], ...LENGTHS]}
        chosen={silence === undefined ? '2h' : SAME}
      />
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

/** Of a length such as 30m. */
function milliseconds(length: string): number {
  return Number.parseInt(length, 10) * (UNITS_MS[length.at(-1) ?? ''] ?? 0);
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
