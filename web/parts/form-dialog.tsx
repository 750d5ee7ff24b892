import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { createPortal } from 'react-dom';
import { Failure } from './state.js';

interface FormDialogProps {
  readonly title: string;
  /** What it does, in words. */
  readonly says?: ReactNode;
  readonly verb: string;
  /** What is said above a refusal. */
  readonly fails?: string;
  readonly children?: ReactNode;
  /** Sends what was given; a refusal is shown, and the dialog stays. */
  readonly onSubmit: (form: FormData) => Promise<unknown>;
  readonly onClose: () => void;
}

/** A form over the page. It holds the focus, and gives it back when it is closed. */
export function FormDialog({
  children,
  fails = 'It was not kept.',
  onClose,
  onSubmit,
  says,
  title,
  verb,
}: FormDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const sent = useMutation({ mutationFn: onSubmit, onSuccess: () => dialog.current?.close() });
  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal();
  }, []);
  // Where it is asked from is styled in many ways, and it is of none of them.
  return createPortal(
    <dialog ref={dialog} className="dialog" aria-labelledby={id} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          sent.mutate(new FormData(event.currentTarget));
        }}
      >
        <h2 id={id}>{title}</h2>
        {says !== undefined && <p className="t2">{says}</p>}
        {children}
        {sent.error !== null && <Failure what={fails} error={sent.error} />}
        <div className="flex justify-end gap-2">
          <button type="button" className="btn" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" className="btn primary" disabled={sent.isPending}>
            {verb}
          </button>
        </div>
      </form>
    </dialog>,
    document.body,
  );
}
