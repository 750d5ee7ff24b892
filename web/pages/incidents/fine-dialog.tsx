import type { Incident } from '../../api/client.js';
import { FormDialog } from '../../parts/form-dialog.js';
import { type Length, LengthField } from '../../parts/length-field.js';

/** Of an incident, whether it was fine. */
export interface Said {
  readonly was_fine: boolean;
  readonly note: string;
  readonly for?: string | null;
  readonly at_this_time_of_day: boolean;
  readonly time_zone: string;
  readonly entities: 'same' | 'alike';
}

const DAILY = 'daily';
const FAULT = 'fault';
const FINE_FOR: readonly Length[] = [
  ['', 'this incident alone'],
  ['1d', 'the same for a day'],
  ['7d', 'the same for 7 days'],
  ['30d', 'the same for 30 days'],
  ['90d', 'the same for 90 days'],
  [DAILY, 'the same at this time of day, always'],
  [FAULT, 'nothing: it was a fault, each time it comes'],
];

interface FineDialogProps {
  readonly incident: Incident;
  readonly onSubmit: (said: Said) => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks what of an incident was fine, and for how long. */
export default function FineDialog({ incident, onClose, onSubmit }: FineDialogProps) {
  return (
    <FormDialog
      title="This was fine"
      says={`It no longer counts as open, and its detectors learn from it: ${incident.detectors.join(', ')}.`}
      verb="This was fine"
      onClose={onClose}
      onSubmit={(form) => onSubmit(saidIn(form))}
    >
      <LengthField label="What is fine" lengths={FINE_FOR} chosen="1d">
        <span className="s">
          The same: alerts of <code>{incident.scope}</code> by these detectors that go no further than these did.
        </span>
      </LengthField>
      <label className="flex gap-2 items-center">
        <input type="checkbox" name="alike" /> Also of entities like it, whose names differ in numbers only
      </label>
      <label>
        Why
        <textarea name="note" className="in" maxLength={2000} />
      </label>
    </FormDialog>
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
