import { type ReactNode, useEffect, useRef, useState } from 'react';
import { FormDialog } from './form-dialog.js';
import { Icon } from './icon.js';

interface RemoveButtonProps {
  readonly verb: 'Delete' | 'End' | 'Remove' | 'Revoke';
  /** What is removed, as it is called: the route night. */
  readonly what: string;
  /** What follows from it. */
  readonly says: ReactNode;
  /** A cross instead of the word, where there is little room. */
  readonly isSmall?: boolean;
  readonly onRemove: () => Promise<unknown>;
}

const DONE = { Delete: 'deleted', End: 'ended', Remove: 'removed', Revoke: 'revoked' } as const;

/** Removes one of a list, once it is asked again what follows from that. */
export function RemoveButton({ isSmall = false, onRemove, says, verb, what }: RemoveButtonProps) {
  const [isAsked, ask] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const focusedNext = useRef<HTMLElement>(null);
  const remove = async () => {
    focusedNext.current = button.current?.closest('section')?.querySelector('h2') ?? null;
    try {
      await onRemove();
    } catch (error) {
      focusedNext.current = null;
      throw error;
    }
  };
  // The button that had the focus goes with what it removed.
  useEffect(
    () => () => {
      focusedNext.current?.setAttribute('tabindex', '-1');
      focusedNext.current?.focus();
    },
    [],
  );
  return (
    <>
      <button
        ref={button}
        type="button"
        className={`btn sm ${isSmall ? 'ghost sq' : ''}`}
        aria-label={`${verb} ${what}`}
        title={isSmall ? verb : undefined}
        onClick={() => ask(true)}
      >
        {isSmall ? <Icon name="x" /> : verb}
      </button>
      {isAsked && (
        <FormDialog
          title={`${verb} ${what}?`}
          says={says}
          verb={verb}
          fails={`It was not ${DONE[verb]}.`}
          onSubmit={remove}
          onClose={() => ask(false)}
        />
      )}
    </>
  );
}
