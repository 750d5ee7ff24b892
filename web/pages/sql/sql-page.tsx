import { useMutation, useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { answerOf, api } from '../../api/client.js';
import { Icon } from '../../parts/icon.js';
import { Failure, Loading, Note } from '../../parts/state.js';
import { number, whole } from '../../parts/wording.js';
import { TopBar } from '../../shell/top-bar.js';

const SqlEditor = lazy(() => import('./sql-editor.js'));

const FIRST = 'SELECT service, level, count(*) AS lines\nFROM service\nGROUP BY ALL\nORDER BY lines DESC';
const AGAIN_MS = 10_000;
const HISTORY = 'millrace.sql-history';
const MAX_HISTORY = 20;

type Result = Awaited<ReturnType<typeof run>>;

function run(sql: string) {
  return answerOf(api.POST('/query', { body: { sql, max_rows: 1_000 } }));
}

/** One SELECT over what is stored; the query is in the URL. */
export default function SqlPage() {
  const [search, setSearch] = useSearchParams();
  const [sql, setSql] = useState(search.get('sql') ?? FIRST);
  const [repeats, setRepeats] = useState(false);
  const [history, setHistory] = useState(readHistory);
  const samples = useQuery({
    queryKey: ['queries'],
    queryFn: ({ signal }) => answerOf(api.GET('/queries', { signal })),
  });
  const query = useMutation({ mutationFn: run });
  const go = () => {
    setSearch((params) => {
      params.set('sql', sql);
      return params;
    });
    const next = [sql, ...history.filter((one) => one !== sql)].slice(0, MAX_HISTORY);
    localStorage.setItem(HISTORY, JSON.stringify(next));
    setHistory(next);
    query.mutate(sql);
  };
  const { mutate } = query;
  useEffect(() => {
    if (!repeats) return;
    const timer = setInterval(() => mutate(sql), AGAIN_MS);
    return () => clearInterval(timer);
  }, [repeats, sql, mutate]);
  return (
    <>
      <TopBar title="SQL" range={false} />
      <main id="main" className="sqlp">
        <aside className="sqt" aria-label="Queries">
          <Queries title="Samples" queries={samples.data?.samples ?? []} onChoose={setSql} />
          <Queries
            title="History"
            queries={history.map((text) => ({ name: text.replace(/\s+/g, ' ').slice(0, 60), sql: text }))}
            onChoose={setSql}
          />
        </aside>
        <div className="sqm">
          <div className="ed-w" data-typing>
            <Suspense fallback={<Loading rows={6} />}>
              <SqlEditor value={sql} onChange={setSql} onRun={go} />
            </Suspense>
          </div>
          <div className="sqb">
            <button type="button" className="btn primary" onClick={go} disabled={query.isPending}>
              <Icon name="play" />
              Run <kbd>Ctrl</kbd>
              <kbd>↵</kbd>
            </button>
            <label className="cb">
              <input type="checkbox" checked={repeats} onChange={({ target }) => setRepeats(target.checked)} />
              Run again every <b>10 s</b>
            </label>
            <span className="s t2 r">One SELECT, at most 1,000 rows and 30 s.</span>
          </div>
          {query.error !== null ? (
            <div className="pageh">
              <Failure what="The query did not run." error={query.error} again={go} />
            </div>
          ) : query.data === undefined ? (
            <div className="pageh">{query.isPending ? <Loading /> : <Note icon="sql" title="No result yet." />}</div>
          ) : (
            <ResultTable result={query.data} />
          )}
        </div>
      </main>
    </>
  );
}

function readHistory(): string[] {
  const kept: unknown = JSON.parse(localStorage.getItem(HISTORY) ?? '[]');
  return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : [];
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

const NUMBER_TYPES = /INT|DOUBLE|FLOAT|DECIMAL|REAL|NUMERIC/;
const LINKS: Readonly<Record<string, (value: string) => string>> = {
  service: (value) => `/services?name=${encodeURIComponent(value)}`,
  host: (value) => `/hosts?name=${encodeURIComponent(value)}`,
  sensor_id: (value) => `/sensors?name=${encodeURIComponent(value)}`,
  client_ip: (value) => `/logs?source=requests&q=${encodeURIComponent(`client_ip:${value}`)}`,
  request_id: (value) => `/logs?q=${encodeURIComponent(`request_id:${value}`)}`,
};

function ResultTable({ result }: { readonly result: Result }) {
  const { columns, ms, rows, truncated } = result;
  const isNumber = columns.map(({ type }) => NUMBER_TYPES.test(type));
  // The last number has its bar, scaled to its own greatest.
  const barAt = isNumber.lastIndexOf(true);
  const most = Math.max(0, ...rows.map((row) => Number(row[barAt]) || 0));
  return (
    <>
      <div className="sqr-h">
        <span className="st ok">
          <Icon name="ok" />
          <b>
            {whole(rows.length)} {rows.length === 1 ? 'row' : 'rows'}
          </b>
        </span>
        {truncated && <span className="warning-t">there are more</span>}
        <span className="t2">{number(Math.round(ms))} ms</span>
        <span className="sp" />
        <button type="button" className="btn sm" onClick={() => exportCsv(result)}>
          <Icon name="download" />
          CSV
        </button>
        <button type="button" className="btn sm" onClick={() => navigator.clipboard?.writeText(location.href)}>
          <Icon name="link" />
          Share
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys */}
      <section className="sqr scroll-y" tabIndex={0} aria-label="Result">
        <table className="tb mono">
          <thead>
            <tr>
              {columns.map(({ name, type }, index) => (
                <th key={name} scope="col" className={isNumber[index] ? 'num' : ''} title={type}>
                  {name}
                </th>
              ))}
              {most > 0 && (
                <th className="bar">
                  <span className="vh">bar</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, place) => (
              <tr key={place}>
                {columns.map(({ name }, index) => (
                  <td key={name} className={isNumber[index] ? 'num' : ''}>
                    <Cell name={name} value={row[index]} />
                  </td>
                ))}
                {most > 0 && (
                  <td className="bar">
                    <span className="meter" style={{ width: `${((Number(row[barAt]) || 0) / most) * 100}%` }} />
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function Cell({ name, value }: { readonly name: string; readonly value: unknown }) {
  if (value === null || value === undefined) return <span className="dim">null</span>;
  if (typeof value === 'number') return number(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const href = LINKS[name]?.(text);
  return href === undefined ? (
    text
  ) : (
    <Link className="n" href={href}>
      {text}
    </Link>
  );
}

function exportCsv({ columns, rows }: Result): void {
  const cell = (value: unknown) => {
    const text =
      value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns.map(({ name }) => cell(name)), ...rows.map((row) => row.map(cell))].map((row) =>
    row.join(','),
  );
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([`${lines.join('\r\n')}\r\n`], { type: 'text/csv' }));
  link.download = 'result.csv';
  link.click();
  URL.revokeObjectURL(link.href);
}
