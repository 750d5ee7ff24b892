import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useSearchParams } from 'wouter';
import { answerOf, api, type LogLine } from '../../api/client.js';
import { facetsOf, histogramOf } from '../../api/questions.js';
import type { LeftOut } from '../../live/live-store.js';
import { useLive, useLiveStore, useStill } from '../../live/use-live.js';
import { Icon } from '../../parts/icon.js';
import { Segments } from '../../parts/segments.js';
import { Failure, Loading } from '../../parts/state.js';
import { whole } from '../../parts/wording.js';
import { useKeys } from '../../shell/keys.js';
import { boundsOf, rangeQuery, useRange } from '../../shell/range.js';
import { useSearchChanges } from '../../shell/search-changes.js';
import { TopBar } from '../../shell/top-bar.js';
import { ColumnChooser } from './column-chooser.js';
import { ExportMenu } from './export-menu.js';
import { Facets } from './facets.js';
import { FilterBox } from './filter-box.js';
import { namesIn } from './line-columns.js';
import { LineDrawer } from './line-drawer.js';
import { LineHistogram } from './line-histogram.js';
import { LineList } from './line-list.js';
import { merged } from './merged-lines.js';
import { NoMatch } from './no-match.js';
import { Patterns } from './patterns.js';
import { PausedBar } from './paused-bar.js';
import { SavedViews } from './saved-views.js';
import { SelectedTime, spanIn } from './selected-time.js';
import { useUsualSource } from './usual-source.js';

const SOURCES: readonly (readonly [LogLine['kind'], string])[] = [
  ['services', 'Service lines'],
  ['requests', 'Requests'],
  ['sensors', 'Sensors'],
  ['dead-letters', 'Dead letters'],
  ['late', 'Late'],
];

/** Where lines were looked for, as it is called. */
const STORES = { live: 'memory', lake: 'lake', elasticsearch: 'Elasticsearch' } as const;

const REFETCH_MS = 5_000;
const MAX = 1_000;
const NONE: readonly LeftOut[] = [];

/** Lines that fit a search: how many over time, what they have in common, and each of them, as they come. */
export default function LogsPage() {
  const [search] = useSearchParams();
  const set = useSearchChanges();
  const range = useRange();
  const store = useLiveStore();
  const isPaused = useLive((live) => live.isPaused);
  const live = useLive((one) => one.lines);
  const leftOut = useStill(useLive((one) => one.leftOut));
  const named = SOURCES.find(([name]) => name === search.get('source'))?.[0];
  const usual = useUsualSource(named === undefined);
  const source = named ?? usual;
  const q = search.get('q') ?? '';
  const lineId = search.get('line');
  const sel = search.get('sel');
  const span = spanIn(sel);
  const isByPattern = search.get('view') === 'patterns';
  const columns = search.get('columns');
  const names = useMemo(() => namesIn(columns), [columns]);
  const [wraps, setWraps] = useState(false);
  const query = { source, q, ...rangeQuery(range) };
  const refetchInterval = range.isLive && !isPaused ? REFETCH_MS : (false as const);
  const lines = useQuery({
    queryKey: ['lines', query],
    queryFn: ({ signal }) => answerOf(api.GET('/logs', { params: { query: { ...query, limit: MAX } }, signal })),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
  const histogram = useQuery({ ...histogramOf(query), refetchInterval, placeholderData: keepPreviousData });
  const facets = useQuery({ ...facetsOf({ source, q }, range), refetchInterval });

  useEffect(() => {
    store.want(range.isLive ? { source, q } : undefined);
  }, [store, source, q, range.isLive]);
  useEffect(() => () => store.want(undefined), [store]);

  const all = useMemo(
    () => merged(range.isLive ? live : [], lines.data?.items ?? []),
    [live, lines.data, range.isLive],
  );
  const at = all.findIndex(({ id }) => id === lineId);
  const open = (line: LogLine | undefined) => {
    if (line !== undefined) {
      // What is read stands still.
      store.pause();
      set({ line: line.id }, { replace: true });
    }
  };
  const close = () => set({ line: undefined }, { replace: true });
  useKeys({
    j: () => open(all[at + 1]),
    k: () => open(all[Math.max(0, at - 1)]),
    ...(span === undefined && { Escape: close }),
    w: () => setWraps(!wraps),
  });
  const chosen = all[at] ?? lines.data?.items.find(({ id }) => id === lineId);
  const total = histogram.data?.total;
  const searched = histogram.data?.searched;
  // They change with what is asked, not with each line that comes.
  const latest = useRef(set);
  latest.current = set;
  const bars = useMemo(
    () =>
      histogram.data && (
        <LineHistogram
          answer={histogram.data}
          selected={spanIn(sel)}
          onSelect={(from, to) => latest.current({ sel: `${Math.round(from)}-${Math.round(to)}` }, { replace: true })}
        />
      ),
    [histogram.data, sel],
  );
  const shares = useMemo(
    () => (
      <Facets facets={facets.data?.facets} q={q} onChange={(text) => latest.current({ q: text, line: undefined })} />
    ),
    [facets.data, q],
  );
  return (
    <>
      <TopBar title="Logs">
        <Segments
          label="Lines of"
          options={SOURCES}
          chosen={source}
          onChoose={(name) => set({ source: name, line: undefined, q: undefined, columns: undefined })}
        />
      </TopBar>
      <main id="main" className={`lg ${lineId === null ? 'no-line' : ''}`}>
        <div className="qb">
          <FilterBox q={q} facets={facets.data?.facets ?? []} onChange={(text) => set({ q: text, line: undefined })} />
          <span className="s t2" role="status">
            {total !== undefined && (
              <>
                <b>{whole(total)}</b> match of {whole(searched?.lines ?? 0)} looked at
                {searched !== undefined && `, ${STORES[searched.store]}`}
                {searched?.limited === true && (
                  <span
                    className="warning-t"
                    title={searched.unavailable ?? 'There are more lines in this range than are searched at once.'}
                  >
                    ,{' '}
                    {searched.unavailable === null ? 'the newest of them only' : 'stored lines cannot be searched now'}
                  </span>
                )}
                {(searched?.not_searched.length ?? 0) > 0 && (
                  <span className="warning-t" title="Elasticsearch does not index them; search them by name.">
                    , words not looked for in {searched?.not_searched.join(', ')}
                  </span>
                )}
                {(searched?.passed_over ?? 0) > 0 && (
                  <span className="warning-t" title="They came faster than they are kept for a search.">
                    , {whole(searched?.passed_over ?? 0)} passed over
                  </span>
                )}
              </>
            )}
          </span>
          <span className="sp" />
          <div className="seg">
            <button type="button" aria-pressed={!isByPattern} onClick={() => set({ view: undefined })}>
              Lines
            </button>
            <button type="button" aria-pressed={isByPattern} onClick={() => set({ view: 'patterns' })}>
              Patterns
            </button>
          </div>
          <button
            type="button"
            className="btn sq"
            aria-pressed={wraps}
            aria-label="Wrap lines (w)"
            title="Wrap lines  w"
            onClick={() => setWraps(!wraps)}
          >
            <Icon name="wrap" />
          </button>
          <ColumnChooser
            lines={all}
            chosen={names}
            onChoose={(chosen) => set({ columns: chosen.join(',') }, { replace: true })}
          />
          <SavedViews />
          <ExportMenu
            query={query}
            total={total === undefined ? '' : `${whole(total)} lines`}
            times={all[0] && boundsOf(range, all[0].time + 1)}
          />
        </div>
        {shares}
        <div className="lm">
          <div className="hg">
            {histogram.data === undefined ? (
              histogram.error === null ? (
                <Loading rows={2} />
              ) : (
                <Failure
                  what="The lines could not be counted."
                  error={histogram.error}
                  again={() => histogram.refetch()}
                />
              )
            ) : (
              bars
            )}
          </div>
          {span !== undefined && (
            <SelectedTime
              key={`${span.from} ${span.to}`}
              span={span}
              source={source}
              q={q}
              onNarrow={() => set({ from: String(span.from), to: String(span.to), sel: undefined })}
              onClose={() => set({ sel: undefined }, { replace: true })}
            />
          )}
          <PausedBar />
          {isByPattern ? (
            <Patterns query={query} onChoose={(text) => set({ q: `${q} ${text}`.trim(), view: undefined })} />
          ) : lines.error !== null && lines.data === undefined ? (
            <div className="pageh">
              <Failure what="The lines could not be read." error={lines.error} again={() => lines.refetch()} />
            </div>
          ) : lines.data === undefined ? (
            <div className="pageh">
              <Loading rows={8} />
            </div>
          ) : all.length === 0 ? (
            <div className="pageh">
              <NoMatch query={query} within={range.label} without={(text) => set({ q: text })} />
            </div>
          ) : (
            <LineList
              lines={all}
              leftOut={range.isLive ? leftOut : NONE}
              chosen={lineId}
              wraps={wraps}
              names={names}
              onOpen={open}
            />
          )}
        </div>
        {lineId !== null && (
          <LineDrawer
            id={lineId}
            line={chosen}
            onClose={close}
            onMove={(by) => open(all[at + by])}
            onOpen={(other) => set({ line: other }, { replace: true })}
            onFilter={(text) => set({ q: `${q} ${text}`.trim() })}
          />
        )}
      </main>
    </>
  );
}
