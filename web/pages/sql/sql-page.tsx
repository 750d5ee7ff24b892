import { useMutation, useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { useSearchParams } from 'wouter';
import { answerOf, api } from '../../api/client.js';
import { tablesOf } from '../../api/questions.js';
import { Icon } from '../../parts/icon.js';
import { Segments } from '../../parts/segments.js';
import { Failure, Loading, Note } from '../../parts/state.js';
import { useCopy } from '../../parts/use-copy.js';
import { number, whole } from '../../parts/wording.js';
import { useSearchChanges } from '../../shell/search-changes.js';
import { TopBar } from '../../shell/top-bar.js';
import { ExportResult } from './export-result.js';
import { QueryTree } from './query-tree.js';
import { ResultChart } from './result-chart.js';
import { linesOf } from './result-lines.js';
import { ResultTable } from './result-table.js';

const SqlEditor = lazy(() => import('./sql-editor.js'));

/** Of whatever kind the lines are. */
const FIRST = 'SELECT kind, count(*) AS lines, max(timestamp) AS newest\nFROM logs\nGROUP BY ALL\nORDER BY lines DESC';
const AGAIN_MS = 10_000;
const HISTORY = 'millrace.sql-history';
const MAX_HISTORY = 20;

type Answered = Awaited<ReturnType<typeof run>>;

interface Asked {
  readonly id: string;
  readonly sql: string;
}

async function run({ id, sql }: Asked) {
  return { sql, answer: await answerOf(api.POST('/query', { body: { id, sql, max_rows: 1_000 } })) };
}

/** One SELECT over what is stored; the query and how its result is shown are in the URL. */
export default function SqlPage() {
  const [search] = useSearchParams();
  const set = useSearchChanges();
  const linked = search.get('sql');
  const [sql, setSql] = useState(linked ?? FIRST);
  const repeats = search.get('again') === '1';
  const [history, setHistory] = useState(readHistory);
  const tables = useQuery(tablesOf());
  const query = useMutation({ mutationFn: run });
  const { isPending, mutate, variables } = query;
  const go = () => {
    if (isPending) return;
    set({ sql });
    const next = [sql, ...history.filter((one) => one !== sql)].slice(0, MAX_HISTORY);
    localStorage.setItem(HISTORY, JSON.stringify(next));
    setHistory(next);
    mutate({ id: crypto.randomUUID(), sql });
  };
  // A link shows what it was made of.
  const first = useRef(linked);
  useEffect(() => {
    if (first.current !== null) mutate({ id: crypto.randomUUID(), sql: first.current });
    first.current = null;
  }, [mutate]);
  useEffect(() => {
    if (!repeats) return;
    const timer = setInterval(() => {
      if (!isPending) mutate({ id: crypto.randomUUID(), sql });
    }, AGAIN_MS);
    return () => clearInterval(timer);
  }, [repeats, sql, mutate, isPending]);
  const shown = useLastAnswer(query.data);
  return (
    <>
      <TopBar title="SQL" range={false} />
      <main id="main" className="sqlp">
        <QueryTree sql={sql} history={history} onChoose={setSql} />
        <div className="sqm">
          <div className="ed-w" data-typing>
            <Suspense fallback={<Loading rows={6} />}>
              <SqlEditor value={sql} tables={tables.data?.items} onChange={setSql} onRun={go} />
            </Suspense>
          </div>
          <div className="sqb">
            {isPending && !repeats ? (
              <button
                type="button"
                className="btn"
                onClick={() => void api.DELETE('/query/{id}', { params: { path: { id: variables?.id ?? '' } } })}
              >
                <Icon name="x" />
                Stop
              </button>
            ) : (
              <button type="button" className="btn primary" onClick={go} disabled={isPending}>
                <Icon name="play" />
                Run <kbd>Ctrl</kbd>
                <kbd>↵</kbd>
              </button>
            )}
            <label className="cb">
              <input
                type="checkbox"
                checked={repeats}
                onChange={({ target }) => set({ again: target.checked ? '1' : undefined })}
              />
              Run again every <b>10 s</b>
            </label>
            <span className="s t2 r">One SELECT, at most 1,000 rows and 30 s.</span>
          </div>
          {query.error !== null ? (
            <div className="pageh">
              <Failure what="The query did not run." error={query.error} again={go} />
            </div>
          ) : shown === undefined ? (
            <div className="pageh">{isPending ? <Loading /> : <Note icon="sql" title="No result yet." />}</div>
          ) : (
            <QueryResult
              result={shown.answer}
              sql={shown.sql}
              view={search.get('view') ?? ''}
              onView={(view) => set({ view })}
            />
          )}
        </div>
      </main>
    </>
  );
}

/** What was answered last stays while it is asked again. */
function useLastAnswer(answer: Answered | undefined): Answered | undefined {
  const last = useRef(answer);
  if (answer !== undefined) last.current = answer;
  return last.current;
}

interface QueryResultProps {
  readonly result: Answered['answer'];
  /** What was asked. */
  readonly sql: string;
  readonly view: string;
  readonly onView: (view: string) => void;
}

const VIEWS = [
  ['', 'Table'],
  ['chart', 'Chart'],
] as const;

function QueryResult({ onView, result, sql, view }: QueryResultProps) {
  const { ms, rows, truncated } = result;
  const { copy, said } = useCopy();
  const [failure, fail] = useState<Error>();
  const lines = useMemo(() => linesOf(result), [result]);
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
        <Segments label="The result as" options={VIEWS} chosen={view} onChoose={onView} />
        <ExportResult sql={sql} onFailure={fail} />
        <button type="button" className="btn sm" onClick={() => void copy(location.href, 'Link')}>
          <Icon name="link" />
          Copy link
        </button>
        <span className="copied" role="status">
          {said}
        </span>
      </div>
      {failure !== undefined && (
        <div className="pageh">
          <Failure what="The result was not exported." error={failure} />
        </div>
      )}
      {view !== 'chart' ? (
        <ResultTable result={result} />
      ) : lines === undefined ? (
        <div className="pageh">
          <Note icon="chart" title="Nothing to draw over time.">
            A chart needs a column of times and one of numbers, and has a line for each value of one more column.
          </Note>
        </div>
      ) : (
        <ResultChart result={lines} />
      )}
    </>
  );
}

function readHistory(): string[] {
  const kept: unknown = JSON.parse(localStorage.getItem(HISTORY) ?? '[]');
  return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : [];
}
