import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { answerOf, api, type LogLine } from '../../api/client.js';
import { Icon } from '../../parts/icon.js';
import { millisecondsOf, saidBy } from '../../parts/line-rows.js';
import { Answer, Note } from '../../parts/state.js';
import { Level } from '../../parts/status.js';
import { useCopy } from '../../parts/use-copy.js';
import { count, day, number, timeOfDayMs, whenToMs } from '../../parts/wording.js';
import { quoted } from './search-terms.js';

interface DrawerProps {
  readonly id: string;
  readonly line: LogLine | undefined;
  readonly onClose: () => void;
  readonly onMove: (by: 1 | -1) => void;
  readonly onFilter: (term: string) => void;
  readonly onOpen: (id: string) => void;
}

/** Half a minute before a line, and after it. */
const AROUND_MS = 30_000;
const OWN = new Set(['id', 'time', 'kind', 'timestamp']);

/** All of a line, what else the same request has logged, and the lines around it. */
export function LineDrawer({ id, line, onClose, onFilter, onMove, onOpen }: DrawerProps) {
  const [asJson, setAsJson] = useState(false);
  const { copy, said } = useCopy();
  const [showsAround, showAround] = useState(false);
  const around = useQuery({
    queryKey: ['context', id],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/logs/context/{id}', { params: { path: { id }, query: { before: 10, after: 10 } }, signal })),
    enabled: line === undefined || showsAround,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const shown = line ?? around.data?.items.find((one) => one.id === id);
  return (
    <aside className="dr" aria-label="Line">
      <div className="hd">
        {shown !== undefined && (
          <>
            <b className="mono">{timeOfDayMs(shown.time)}</b>
            <span className="s t2">{day(shown.time)}</span>
          </>
        )}
        <span className="sp" />
        <button type="button" className="btn ghost sm sq" aria-label="Newer line (k)" onClick={() => onMove(-1)}>
          <Icon name="left" />
        </button>
        <button type="button" className="btn ghost sm sq" aria-label="Older line (j)" onClick={() => onMove(1)}>
          <Icon name="right" />
        </button>
        <button
          type="button"
          className="btn ghost sm sq"
          aria-label="Copy a link to it"
          onClick={() => void copy(location.href, 'Link')}
        >
          <Icon name="link" />
        </button>
        <button type="button" className="btn ghost sm sq" aria-label="Close (Esc)" onClick={onClose}>
          <Icon name="x" />
        </button>
      </div>
      {shown === undefined ? (
        <Answer asked={around} what="The line could not be read.">
          {() => <Note title="The line is no longer kept." />}
        </Answer>
      ) : (
        <>
          <p className="dr-m">
            <Level level={shown['level']} />
            {saidBy(shown)}
          </p>
          <span className="copied" role="status">
            {said}
          </span>
          {asJson ? (
            <pre className="json">{JSON.stringify(shown, null, 2)}</pre>
          ) : (
            <dl className="mono">
              {Object.entries(shown)
                .filter(([name, value]) => !OWN.has(name) && value !== null && value !== undefined)
                .map(([name, value]) => (
                  <Field key={name} name={name} value={value} onFilter={onFilter} copy={copy} />
                ))}
              <Field name="record" value={shown.id} copy={copy} />
            </dl>
          )}
          <SameRequest line={shown} />
          <div className="dr-s">
            <div className="row">
              <button
                type="button"
                className="btn sm"
                aria-expanded={showsAround}
                onClick={() => showAround(!showsAround)}
              >
                10 lines before and after
              </button>
              <button type="button" className="btn sm" aria-pressed={asJson} onClick={() => setAsJson(!asJson)}>
                <Icon name="braces" />
                JSON
              </button>
              <button
                type="button"
                className="btn sm"
                onClick={() => void copy(JSON.stringify(shown, null, 2), 'Line')}
              >
                <Icon name="copy" />
                Copy
              </button>
              <Link
                className="btn sm"
                href={`/logs?${new URLSearchParams({
                  ...{ source: shown.kind, line: shown.id },
                  ...{ from: String(shown.time - AROUND_MS), to: String(shown.time + AROUND_MS) },
                })}`}
              >
                <Icon name="clock" />
                All of that minute
              </Link>
            </div>
            {showsAround && (
              <Answer asked={around} what="The lines around it could not be read.">
                {({ items }) => (
                  <ol className="mono pt-2">
                    {items.map((one) => (
                      <li key={one.id} className="flex gap-2 items-center" aria-current={one.id === id || undefined}>
                        <span className="dim nw">{whenToMs(one.time, shown.time)}</span>
                        <Level level={one['level']} />
                        <button
                          type="button"
                          className={`n ell ${one.id === id ? 'font-semibold' : ''}`}
                          onClick={() => onOpen(one.id)}
                        >
                          {saidBy(one)}
                        </button>
                      </li>
                    ))}
                  </ol>
                )}
              </Answer>
            )}
          </div>
        </>
      )}
    </aside>
  );
}

interface FieldProps {
  readonly name: string;
  readonly value: unknown;
  readonly copy: (text: string, what: string) => Promise<void>;
  readonly onFilter?: (term: string) => void;
}

function Field({ copy, name, onFilter, value }: FieldProps) {
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  const said = isPlain ? String(value) : JSON.stringify(value);
  return (
    <div className="fr">
      <dt>{name}</dt>
      <dd>{said}</dd>
      {onFilter !== undefined && isPlain && (
        <span className="fa">
          <button type="button" aria-label={`Only ${name} ${said}`} onClick={() => onFilter(`${name}:${quoted(said)}`)}>
            <Icon name="plus" />
          </button>
          <button
            type="button"
            aria-label={`Without ${name} ${said}`}
            onClick={() => onFilter(`-${name}:${quoted(said)}`)}
          >
            <Icon name="minus" />
          </button>
          <button type="button" aria-label={`Copy ${name}`} onClick={() => void copy(said, name)}>
            <Icon name="copy" />
          </button>
        </span>
      )}
    </div>
  );
}

/** All lines of its request in order, each as long as it took. */
function SameRequest({ line }: { readonly line: LogLine }) {
  const { request_id: request } = line;
  const { data } = useQuery({
    queryKey: ['request', request],
    queryFn: ({ signal }) =>
      answerOf(
        api.GET('/logs', {
          params: { query: { source: 'services', q: `request_id:${quoted(String(request))}`, limit: 50 } },
          signal,
        }),
      ),
    enabled: typeof request === 'string',
  });
  if (data === undefined || data.items.length < 2) return null;
  const lines = data.items.toReversed();
  const longest = Math.max(1, ...lines.map((one) => millisecondsOf(one) ?? 0));
  return (
    <section className="dr-s" aria-labelledby="same-request-t">
      <div className="hd">
        <h3 id="same-request-t">The same request</h3>
        <span className="s">
          {count(lines.length, 'line')}, {count(new Set(lines.map((one) => one['service'])).size, 'service')}
        </span>
      </div>
      <ol className="trace">
        {lines.map((one) => {
          const ms = millisecondsOf(one) ?? 0;
          const isBad = one['level'] === 'ERROR' || one['level'] === 'CRITICAL';
          return (
            <li key={one.id} aria-current={one.id === line.id || undefined}>
              <Level level={one['level']} />
              <b>{String(one['service'] ?? '')}</b>
              <span className="ell t2">{saidBy(one)}</span>
              <span className="num">{number(Math.round(ms))}</span>
              <i className={isBad ? 'bad' : ''} style={{ left: 0, width: `${(ms / longest) * 100}%` }} />
            </li>
          );
        })}
      </ol>
    </section>
  );
}
