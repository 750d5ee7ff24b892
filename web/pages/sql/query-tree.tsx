import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answerOf, api, doneBy } from '../../api/client.js';
import { tablesOf } from '../../api/questions.js';
import { Icon } from '../../parts/icon.js';
import { RemoveButton } from '../../parts/remove-button.js';
import { Answer, Failure } from '../../parts/state.js';
import { count, whole } from '../../parts/wording.js';

interface QueryTreeProps {
  readonly sql: string;
  readonly history: readonly string[];
  readonly onChoose: (sql: string) => void;
}

/** What can be asked: tables with their columns; queries that others have asked, and this browser before. */
export function QueryTree({ history, onChoose, sql }: QueryTreeProps) {
  const client = useQueryClient();
  const queries = useQuery({
    queryKey: ['queries'],
    queryFn: ({ signal }) => answerOf(api.GET('/queries', { signal })),
  });
  const onSettled = () => client.invalidateQueries({ queryKey: ['queries'] });
  const save = useMutation({
    mutationFn: (name: string) => answerOf(api.POST('/queries', { body: { name, sql } })),
    onSettled,
  });
  const remove = async (id: string) => {
    await doneBy(api.DELETE('/queries/{id}', { params: { path: { id } } }));
    await onSettled();
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    save.mutate(String(new FormData(event.currentTarget).get('name')).trim());
    event.currentTarget.reset();
  };
  return (
    <aside className="sqt" aria-label="Tables and queries">
      <Tables onChoose={onChoose} />
      <section className="tree" aria-label="Saved">
        <h2 className="il-h">Saved</h2>
        {queries.data?.items.map(({ by, can_delete: canDelete, id, name, sql: saved }) => (
          <div key={id} className="flex items-center">
            <button type="button" className="min-w-0" title={`By ${by}: ${saved}`} onClick={() => onChoose(saved)}>
              <Icon name="bookmark" />
              <span className="ell">{name}</span>
            </button>
            {canDelete && (
              <RemoveButton
                verb="Delete"
                what={`the query ${name}`}
                says={`It is gone for everybody. It was saved by ${by}.`}
                isSmall
                onRemove={() => remove(id)}
              />
            )}
          </div>
        ))}
        <form className="flex gap-1 px-2 pt-1" onSubmit={submit}>
          <input
            name="name"
            className="in min-w-0"
            aria-label="Name of this query"
            placeholder="Name of this query"
            required
            maxLength={200}
          />
          <button type="submit" className="btn w-auto!">
            Save
          </button>
        </form>
        {save.error !== null && <Failure what="It was not saved." error={save.error} />}
      </section>
      <Queries title="Samples" queries={queries.data?.samples ?? []} onChoose={onChoose} />
      <Queries
        title="History"
        queries={history.map((text) => ({ name: text.replace(/\s+/g, ' ').slice(0, 60), sql: text }))}
        onChoose={onChoose}
      />
    </aside>
  );
}

function Tables({ onChoose }: { readonly onChoose: (sql: string) => void }) {
  const asked = useQuery(tablesOf());
  const [words, setWords] = useState('');
  const [opened, setOpened] = useState<readonly string[]>([]);
  const wanted = words.trim().toLowerCase();
  return (
    <section className="tree" aria-label="Tables">
      <input
        type="search"
        className="in w-full"
        placeholder="Find a column"
        aria-label="Find a column"
        value={words}
        onChange={({ target }) => setWords(target.value)}
      />
      <h2 className="il-h">Tables</h2>
      <Answer asked={asked} what="The tables could not be read.">
        {({ items }) =>
          items.length === 0 ? (
            <p className="px-2">
              <b>None yet.</b>{' '}
              <span className="t2">Lines are stored within a minute, unless the lake is turned off.</span>
            </p>
          ) : (
            items.map(({ columns, files, last_hour: lastHour, name, rows }) => {
              const found = columns.filter((column) => wanted === '' || column.name.toLowerCase().includes(wanted));
              if (found.length === 0 && !name.includes(wanted)) return null;
              const isOpen = wanted !== '' ? found.length > 0 : opened.includes(name);
              return (
                <div key={name}>
                  <button
                    type="button"
                    aria-expanded={isOpen}
                    title={`${rows === null ? '' : `${count(rows, 'row')} in `}${count(files, 'file')}, up to ${lastHour ?? 'nothing'} h`}
                    onClick={() => setOpened(isOpen ? opened.filter((one) => one !== name) : [...opened, name])}
                  >
                    <Icon name={isOpen ? 'down' : 'right'} className="dim" />
                    <span className="mono ell">{name}</span>
                    {rows !== null && <span className="s dim r">{whole(rows)}</span>}
                  </button>
                  {isOpen && (
                    <ul>
                      {found.map((column) => (
                        <li key={column.name}>
                          <button
                            type="button"
                            title={`Count ${name} by ${column.name}`}
                            onClick={() => onChoose(countBy(name, column.name))}
                          >
                            <span className="mono ell">{column.name}</span>
                            <span className="s dim r">{column.type.toLowerCase()}</span>
                          </button>
                        </li>
                      ))}
                    </ul>
                  )}
                </div>
              );
            })
          )
        }
      </Answer>
    </section>
  );
}

function countBy(table: string, column: string): string {
  return `SELECT "${column}", count(*) AS rows\nFROM ${table}\nGROUP BY ALL\nORDER BY rows DESC\nLIMIT 100`;
}

interface QueriesProps {
  readonly title: string;
  readonly queries: readonly { readonly name: string; readonly sql: string }[];
  readonly onChoose: (sql: string) => void;
}

function Queries({ onChoose, queries, title }: QueriesProps) {
  if (queries.length === 0) return null;
  return (
    <section className="tree" aria-label={title}>
      <h2 className="il-h">{title}</h2>
      {queries.map(({ name, sql }) => (
        <button key={sql} type="button" title={sql} onClick={() => onChoose(sql)}>
          <Icon name="file" />
          <span className="ell">{name}</span>
        </button>
      ))}
    </section>
  );
}
