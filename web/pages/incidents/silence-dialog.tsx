import { FormDialog } from '../../parts/form-dialog.js';

const LENGTHS = [
  ['30m', '30 minutes'],
  ['2h', '2 hours'],
  ['8h', '8 hours'],
  ['1d', 'a day'],
  ['7d', '7 days'],
] as const;

interface SilenceDialogProps {
  readonly scope: string;
  readonly onSubmit: (silence: { for: string; reason: string }) => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks for how long nobody is told of an incident's scope, and why. */
export default function SilenceDialog({ onClose, onSubmit, scope }: SilenceDialogProps) {
  return (
    <FormDialog
      title="Silence"
      says={
        <>
          Nobody is told of <code>{scope}</code> for some time. Its alerts are found and counted all the same.
        </>
      }
      verb="Silence"
      onClose={onClose}
      onSubmit={(form) => onSubmit({ for: String(form.get('for')), reason: String(form.get('reason')) })}
    >
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
    </FormDialog>
  );
}
