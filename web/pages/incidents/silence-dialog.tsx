import { FormDialog } from '../../parts/form-dialog.js';
import { LengthField, SILENCE_LENGTHS } from '../../parts/length-field.js';

interface SilenceDialogProps {
  readonly scope: string;
  readonly onSubmit: (silence: { for: string; reason: string }) => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks for how long nobody is told of an incident, and why. */
export default function SilenceDialog({ onClose, onSubmit, scope }: SilenceDialogProps) {
  return (
    <FormDialog
      title="Silence"
      says={
        <>
          Nobody is told of this incident of <code>{scope}</code> for some time. Its alerts are found and counted all
          the same; a later incident is told again.
        </>
      }
      verb="Silence"
      onClose={onClose}
      onSubmit={(form) => onSubmit({ for: String(form.get('for')), reason: String(form.get('reason')) })}
    >
      <LengthField label="For" lengths={SILENCE_LENGTHS} chosen="2h" />
      <label>
        Reason
        <input name="reason" className="in" required maxLength={2000} />
      </label>
    </FormDialog>
  );
}
