import { type FormEvent, useEffect, useId, useState } from 'react';
import { Icon } from '../../parts/icon.js';
import { quoted, termsOf } from './search-terms.js';

interface FilterBoxProps {
  readonly q: string;
  readonly facets: readonly {
    readonly field: string;
    readonly values: readonly { readonly value: string; readonly count: number }[];
  }[];
  readonly onChange: (q: string) => void;
}

/** The search: its terms as chips, and words or `field:value` to add, which it completes from what is there. */
export function FilterBox({ facets, onChange, q }: FilterBoxProps) {
  const [text, setText] = useState('');
  const listId = useId();
  const terms = termsOf(q);
  useEffect(() => setText(''), [q]);
  const add = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== '') onChange([...terms, text.trim()].join(' '));
  };
  return (
    <form className="qi" role="search" onSubmit={add}>
      <Icon name="search" />
      {terms.map((term, index) => (
        <span key={`${index}${term}`} className={`chip ${term.startsWith('-') ? 'not' : ''}`}>
          {term.replace(/^-/, 'not ').replace(':', ' ')}
          <button
            type="button"
            aria-label={`Without ${term}`}
            onClick={() => onChange(terms.filter((_, place) => place !== index).join(' '))}
          >
            <Icon name="x" />
          </button>
        </span>
      ))}
      <input
        data-filter
        aria-label="Words, or field:value"
        placeholder={terms.length === 0 ? 'Words, or field:value' : ''}
        list={listId}
        value={text}
        onChange={({ target }) => setText(target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Backspace' && text === '' && terms.length > 0) onChange(terms.slice(0, -1).join(' '));
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      <datalist id={listId}>
        {facets.flatMap(({ field, values }) =>
          values
            .slice(0, 8)
            .map(({ count, value }) => (
              <option key={`${field}${value}`} value={`${field}:${quoted(value)}`} label={`${count}`} />
            )),
        )}
      </datalist>
      <kbd>/</kbd>
    </form>
  );
}
