import type { ReactNode } from 'react';
import { Icon } from '../../parts/icon.js';
import { RemoveButton } from '../../parts/remove-button.js';

interface ListHeadProps {
  readonly id: string;
  readonly title: string;
  readonly says?: ReactNode;
  /** What can be added; undefined where the visitor may not. */
  readonly adds?: string | undefined;
  readonly onAdd?: () => void;
}

/** What a list is of, and the button that adds to it. */
export function ListHead({ adds, id, onAdd, says, title }: ListHeadProps) {
  return (
    <div className="hd">
      <h2 id={id}>{title}</h2>
      {says !== undefined && <span className="s">{says}</span>}
      {adds !== undefined && (
        <button type="button" className="btn sm r" onClick={onAdd}>
          <Icon name="plus" />
          {adds}
        </button>
      )}
    </div>
  );
}

interface ChangeButtonsProps {
  /** Of the button that changes it, where `Change` alone would not say what. */
  readonly changes?: string;
  /** What is deleted, as it is called: the route night. */
  readonly deletes: string;
  /** What follows from that. */
  readonly says: ReactNode;
  readonly onChange: () => void;
  readonly onDelete: () => Promise<unknown>;
}

/** What can be done with one of a list. */
export function ChangeButtons({ changes, deletes, onChange, onDelete, says }: ChangeButtonsProps) {
  return (
    <>
      <button type="button" className="btn ghost sm" aria-label={changes} onClick={onChange}>
        Change
      </button>
      <RemoveButton verb="Delete" what={deletes} says={says} isSmall onRemove={onDelete} />
    </>
  );
}
