import { useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'wouter';
import { answerOf, api } from '../../api/client.js';
import { useLive, useStill } from '../../live/use-live.js';
import { Icon } from '../../parts/icon.js';
import { Answer, Note } from '../../parts/state.js';
import { count, duration, number, timeOfDay, timeOfDayMs, whenToSecond, whole } from '../../parts/wording.js';
import { useKeys } from '../../shell/keys.js';
import { useRangeLink } from '../../shell/range.js';
import { useSearchChanges } from '../../shell/search-changes.js';
import { quoted } from '../logs/search-terms.js';
import { type SentWindow, type SentWindows, windowsOf } from './windows.js';

/** So many hops are in view. */
const HOPS = 60;
const MAX_RECORDS = 1_000;
const REFETCH_MS = 4_000;
const PLOT_PX = 66;
const MAX_ROWS = 40;

/** Topics whose records Logs shows. */
const LOG_SOURCES: Readonly<Record<string, 'requests' | 'services' | 'sensors'>> = {
  'test-inter': 'requests',
  logs: 'services',
  'sensor-topic': 'sensors',
};

interface WindowBrowserProps {
  readonly topic: string;
  /** Where the store's records come from. */
  readonly sources: readonly string[];
  /** Windows that end by then are over; undefined before the first record. */
  readonly streamTime: number | undefined;
}

/** The windows of a store, by what it has sent of them: one bar each, the chosen one with its keys beside. */
export function WindowBrowser({ sources, streamTime, topic }: WindowBrowserProps) {
  const isPaused = useLive((live) => live.isPaused);
  const asked = useQuery({
    queryKey: ['records', topic, MAX_RECORDS],
    queryFn: ({ signal }) =>
      answerOf(
        api.GET('/topics/{name}/records', {
          params: { path: { name: topic }, query: { limit: MAX_RECORDS } },
          signal,
        }),
      ),
    refetchInterval: isPaused ? false : REFETCH_MS,
  });
  const now = useStill(streamTime);
  return (
    <Answer asked={asked} what="The windows could not be read.">
      {({ items }) => {
        const sent = windowsOf(items);
        return sent === undefined ? (
          <div className="dk-b">
            <Note icon="clock" title="No window has been sent yet.">
              What a window holds is known when it is sent to <code>{topic}</code>.
            </Note>
          </div>
        ) : (
          <Windows sent={sent} topic={topic} streamTime={now} source={sources.find((one) => one in LOG_SOURCES)} />
        );
      }}
    </Answer>
  );
}

interface WindowsProps {
  readonly sent: SentWindows;
  readonly topic: string;
  readonly streamTime: number | undefined;
  readonly source: string | undefined;
}

function Windows({ sent, source, streamTime, topic }: WindowsProps) {
  const [search] = useSearchParams();
  const change = useSearchChanges();
  const { windows } = sent;
  const asked = Number(search.get('window'));
  const at = search.has('window') ? windows.findIndex(({ start }) => start === asked) : windows.length - 1;
  const isGone = at < 0;
  const chosen = windows[isGone ? windows.length - 1 : at];
  const choose = (start: number | undefined) =>
    change({ window: start === undefined ? undefined : String(start) }, { replace: true });
  const move = (by: number) => choose(windows[Math.max(0, Math.min(windows.length - 1, at + by))]?.start);
  useKeys({ ArrowLeft: () => move(-1), ArrowRight: () => move(1) });
  const isOver = ({ end }: SentWindow) => streamTime !== undefined && end <= streamTime;
  if (chosen === undefined) return null;
  const before = sent.windows.find(({ start }) => start === chosen.start - sent.hopMs);
  const span = `${whenToSecond(chosen.start)} to ${whenToSecond(chosen.end, chosen.start)}`;
  return (
    <>
      <div className="dk-b">
        <div className="hd">
          <h3>Windows</h3>
          <span className="s">
            {sent.measure ?? 'keys'} of all keys; {duration(sent.sizeMs)}
            {sent.hopMs < sent.sizeMs && `, each ${duration(sent.hopMs)}`}
          </span>
          <span className="r" />
          <button
            type="button"
            className="btn sq sm"
            aria-label="Window before (←)"
            title="Window before  ←"
            disabled={at <= 0}
            onClick={() => move(-1)}
          >
            <Icon name="stepb" />
          </button>
          <span className="mono nw">{span}</span>
          <button
            type="button"
            className="btn sq sm"
            aria-label="Window after (→)"
            title="Window after  →"
            disabled={isGone || at === windows.length - 1}
            onClick={() => move(1)}
          >
            <Icon name="stepf" />
          </button>
          <button
            type="button"
            className="btn sm"
            aria-pressed={!search.has('window')}
            onClick={() => choose(undefined)}
          >
            Newest
          </button>
        </div>
        <WindowBars chosen={chosen} isOver={isOver} streamTime={streamTime} sent={sent} onChoose={choose} />
        <p className="s t2 dk-n">
          Hollow: stream time has not passed its end, and it changes. Full: it has. Read from{' '}
          <Link className="lnk" href={`/pipeline?view=topics&topic=${encodeURIComponent(topic)}`}>
            {topic}
          </Link>
          : only what was sent of a window is known. <kbd>←</kbd> <kbd>→</kbd> one window.
        </p>
      </div>
      <div className="dk-c">
        <div className="hd">
          <h3>{span}</h3>
          <span className="s">{count(chosen.rows.length, 'key')} sent</span>
          <span className="r s nw t2">{isOver(chosen) ? 'over' : 'goes on'}</span>
        </div>
        {isGone && (
          <p className="s warning-t" role="status">
            The window of the link is no longer among the newest records; this is the newest one.
          </p>
        )}
        <WindowRows window={chosen} before={before} sent={sent} source={source} />
      </div>
    </>
  );
}

interface WindowBarsProps {
  readonly chosen: SentWindow;
  readonly sent: SentWindows;
  readonly streamTime: number | undefined;
  readonly isOver: (window: SentWindow) => boolean;
  readonly onChoose: (start: number) => void;
}

function WindowBars({ chosen, isOver, onChoose, sent, streamTime }: WindowBarsProps) {
  const last = Math.max(streamTime ?? 0, sent.windows.at(-1)?.end ?? 0);
  const span = Math.max(HOPS * sent.hopMs, 3 * sent.sizeMs);
  // The end of stream time, or the chosen window in the middle where it is before that.
  const to = chosen.start < last - span ? chosen.start + span / 2 : last + span / 40;
  const from = to - span;
  const windows = sent.windows.filter(({ start }) => start >= from && start < to);
  const place = (time: number) => `${((time - from) / (to - from)) * 100}%`;
  const most = Math.max(...windows.map(({ total }) => total), 1);
  const width = `${Math.min(100, (sent.hopMs / (to - from)) * 100)}%`;
  const ticks = [0, 0.25, 0.5, 0.75].map((part) => from + part * (to - from));
  return (
    <div className="wtl">
      <div className="wbs">
        {windows.map((window) => (
          <button
            key={`${window.start} ${window.end}`}
            type="button"
            tabIndex={-1}
            className={`wb ${isOver(window) ? '' : 'open'} ${window === chosen ? 'now' : ''}`}
            style={{ insetInlineStart: place(window.start), width }}
            aria-label={`${timeOfDay(window.start)}: ${number(window.total)}`}
            title={`${timeOfDay(window.start)} to ${timeOfDay(window.end)}: ${number(window.total)}`}
            onClick={() => onChoose(window.start)}
          >
            <i style={{ height: Math.max(2, (window.total / most) * PLOT_PX) }} />
          </button>
        ))}
      </div>
      <span
        className="wspan"
        style={{
          insetInlineStart: place(chosen.start),
          insetInlineEnd: `calc(100% - ${place(Math.min(to, chosen.end))})`,
        }}
      />
      {streamTime !== undefined && streamTime >= from && streamTime <= to && (
        <>
          <span className="wnow" style={{ insetInlineStart: place(streamTime) }} />
          <span
            className={`wl ${(streamTime - from) / (to - from) > 0.8 ? 'e' : ''}`}
            style={{ insetInlineStart: place(streamTime) }}
          >
            stream time {timeOfDayMs(streamTime)}
          </span>
        </>
      )}
      <span className="wr a">{whole(most)}</span>
      <div className="xts" aria-hidden="true">
        {ticks.map((time) => (
          <span key={time} style={{ insetInlineStart: place(time) }}>
            {timeOfDay(time)}
          </span>
        ))}
      </div>
    </div>
  );
}

interface WindowRowsProps {
  readonly window: SentWindow;
  readonly before: SentWindow | undefined;
  readonly sent: SentWindows;
  readonly source: string | undefined;
}

/** The keys of a window; a count leads to the records that it counted. */
function WindowRows({ before, sent, source, window }: WindowRowsProps) {
  const linkTo = useRangeLink();
  const most = Math.max(...window.rows.map(({ measure }) => measure), 1);
  const kind = LOG_SOURCES[source ?? ''];
  const recordsOf = (entity: string) =>
    kind === undefined || sent.entityField === undefined
      ? undefined
      : linkTo('/logs', {
          source: kind,
          q: entity === '*' ? '' : `${sent.entityField}:${quoted(entity)}`,
          from: String(window.start),
          to: String(window.end),
        });
  return (
    <div className="wt-s">
      <table className="tb wt">
        <thead>
          <tr>
            <th scope="col">{sent.entityField ?? 'key'}</th>
            <th scope="col" className="num">
              {sent.measure ?? ''}
            </th>
            <th scope="col">
              <span className="vh">beside the others</span>
            </th>
            {sent.others.slice(0, 1).map((name) => (
              <th key={name} scope="col" className="num">
                {name}
              </th>
            ))}
            <th scope="col" className="num">
              {sent.hopMs < sent.sizeMs ? 'hop before' : 'before'}
            </th>
          </tr>
        </thead>
        <tbody>
          {window.rows.slice(0, MAX_ROWS).map(({ entity, measure, values }) => {
            const href = recordsOf(entity);
            const old = before?.rows.find((row) => row.entity === entity)?.measure;
            return (
              <tr key={entity}>
                <td className="mono">
                  {href === undefined ? (
                    entity
                  ) : (
                    <Link className="n" href={href}>
                      {entity}
                    </Link>
                  )}
                </td>
                <td className="num">
                  <b>{number(measure)}</b>
                </td>
                <td className="lim">
                  <span className="meter" style={{ width: `${(measure / most) * 100}%` }} />
                </td>
                {sent.others.slice(0, 1).map((name) => (
                  <td key={name} className="num t2">
                    {values[name] === undefined ? '' : number(values[name])}
                  </td>
                ))}
                <td className="num t2">{old === undefined ? '' : signed(measure - old)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {window.rows.length > MAX_ROWS && <p className="s t2">{count(window.rows.length - MAX_ROWS, 'further key')}</p>}
    </div>
  );
}

const signed = (change: number): string =>
  change === 0 ? '±0' : `${change > 0 ? '+' : '−'}${number(Math.abs(change))}`;
