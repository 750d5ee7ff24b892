import type { ReactNode } from 'react';

interface TableHeadProps {
  /** Titles of the columns of words, which come first. */
  readonly words: readonly string[];
  /** Titles of the columns of figures, to the right of them; one that is `unseen` is only heard, such as of a small chart. */
  readonly numbers: readonly (string | { readonly unseen: string })[];
  /** Further cells. */
  readonly children?: ReactNode;
}

/** The titles of a table's columns. */
export function TableHead({ children, numbers, words }: TableHeadProps) {
  return (
    <thead>
      <tr>
        {words.map((title) => (
          <th key={title} scope="col">
            {title}
          </th>
        ))}
        {numbers.map((title) =>
          typeof title === 'string' ? (
            <th key={title} scope="col" className="num">
              {title}
            </th>
          ) : (
            <th key={title.unseen} scope="col">
              <span className="vh">{title.unseen}</span>
            </th>
          ),
        )}
        {children}
      </tr>
    </thead>
  );
}
