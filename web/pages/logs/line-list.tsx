import { useVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { LogLine } from '../../api/client.js';
import type { LeftOut } from '../../live/live-store.js';
import { timeColumnOf } from '../../parts/line-rows.js';
import { Level } from '../../parts/status.js';
import { timeOfDayMs, whenToMs, whole } from '../../parts/wording.js';
import { columnsOf, type LineColumn, USUAL_NAMES, widthsOf } from './line-columns.js';
import { isLeftOut, type LeftOutRow, rowsOf } from './list-rows.js';

const ROW_PX = 24;
const SPOKEN_EVERY_MS = 10_000;

interface LineListProps {
  readonly lines: readonly LogLine[];
  readonly leftOut: readonly LeftOut[];
  readonly chosen: string | null;
  readonly wraps: boolean;
  /** Names of columns beside time and level. */
  readonly names: readonly string[];
  readonly onOpen: (line: LogLine) => void;
}

/** Lines, the newest on top. At the top new ones come in; scrolled down, the list keeps its place and counts them. */
export function LineList({ chosen, leftOut, lines, names, onOpen, wraps }: LineListProps) {
  const rows = useMemo(() => rowsOf(lines, leftOut), [lines, leftOut]);
  const columns = useMemo(() => columnsOf(names), [names]);
  // The usual ones have widths of their own where there is less room.
  const own = names === USUAL_NAMES ? '' : 'own';
  const { format: timeIn, widthPx } = useMemo(() => timeColumnOf(lines), [lines]);
  const style = { '--columns': widthsOf(columns), '--time': `${widthPx + 4}px` } as CSSProperties;
  const scroller = useRef<HTMLDivElement>(null);
  const [isAtTop, setAtTop] = useState(true);
  const firstSeen = useRef(rows[0]?.id);
  const topmost = useRef<string>(undefined);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
    // Rows of one height need no size each; keys would have all of them measured anew with each line that comes.
    ...(wraps && { getItemKey: (index: number) => rows[index]?.id ?? index }),
  });
  if (isAtTop) firstSeen.current = rows[0]?.id;
  const above = Math.max(
    0,
    rows.findIndex(({ id }) => id === firstSeen.current),
  );

  // What came above pushes nothing away: the line that was at the top stays there.
  useLayoutEffect(() => {
    const { current: element } = scroller;
    if (element === null) return;
    const index = topmost.current === undefined ? -1 : rows.findIndex(({ id }) => id === topmost.current);
    if (!isAtTop && index >= 0) {
      const shift = element.scrollTop % ROW_PX;
      element.scrollTop = index * ROW_PX + shift;
    }
  }, [rows, isAtTop]);

  const onScroll = () => {
    const { current: element } = scroller;
    if (element === null) return;
    setAtTop(element.scrollTop < ROW_PX / 2);
    topmost.current = rows[Math.floor(element.scrollTop / ROW_PX)]?.id;
  };
  return (
    <>
      <div className={`rw rh ${own}`} style={style} aria-hidden="true">
        <span>time</span>
        <span />
        {columns.map(({ isNumber, name }) => (
          <span key={name} className={isNumber === true ? 'num' : own && 'ell'}>
            {name}
          </span>
        ))}
      </div>
      {above > 0 && (
        <button type="button" className="btn sm new-pill" onClick={() => scroller.current?.scrollTo({ top: 0 })}>
          {whole(above)} new
        </button>
      )}
      <SpokenCount lines={lines} />
      <div
        ref={scroller}
        className={`rows scroll mono ${wraps ? 'wrap' : ''}`}
        style={style}
        role="grid"
        aria-label="Lines"
        aria-live="off"
        aria-rowcount={rows.length}
        tabIndex={0}
        onScroll={onScroll}
      >
        <div className="relative" style={{ height: virtual.getTotalSize() }} role="rowgroup">
          {virtual.getVirtualItems().map(({ index, key, start }) => {
            const line = rows[index];
            if (line === undefined) return null;
            if (isLeftOut(line)) return <SkippedRow key={key} row={line} index={index} start={start} />;
            return (
              <LineRow
                key={key}
                line={line}
                index={index}
                start={start}
                columns={columns}
                time={timeIn(line.time)}
                own={own}
                isChosen={line.id === chosen}
                onOpen={onOpen}
                {...(wraps && { measure: virtual.measureElement })}
              />
            );
          })}
        </div>
      </div>
    </>
  );
}

/** How many lines of a second are not here; a filter makes room for those that matter. */
function SkippedRow({ index, row: { leftOut }, start }: { row: LeftOutRow; index: number; start: number }) {
  const { from, missed, shown, to } = leftOut;
  return (
    <div
      role="row"
      aria-rowindex={index + 1}
      data-index={index}
      className="rw skipped"
      style={{ transform: `translateY(${start}px)` }}
    >
      <span role="gridcell" className="ell">
        {whenToMs(from)} to {timeOfDayMs(to)}{' '}
        <span className="dim">
          {whole(missed)} of {whole(missed + shown)} lines left out, the stream is faster than this list.
        </span>{' '}
        <button
          type="button"
          className="lnk s"
          onClick={() => document.querySelector<HTMLElement>('[data-filter]')?.focus()}
        >
          Filter it
        </button>
      </span>
    </div>
  );
}

interface RowProps {
  readonly line: LogLine;
  readonly columns: readonly LineColumn[];
  readonly time: string;
  readonly own: string;
  readonly index: number;
  readonly start: number;
  readonly isChosen: boolean;
  readonly onOpen: (line: LogLine) => void;
  readonly measure?: (element: Element | null) => void;
}

function LineRow({ columns, index, isChosen, line, measure, onOpen, own, start, time }: RowProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: j, k and Enter do it for the whole list
    <div
      ref={measure}
      data-index={index}
      role="row"
      aria-rowindex={index + 1}
      aria-selected={isChosen || undefined}
      className={`rw ${own} ${measure === undefined ? '' : 'wide'}`}
      style={{ transform: `translateY(${start}px)` }}
      onClick={() => onOpen(line)}
    >
      <span role="gridcell" className="dim">
        {time}
      </span>
      <span role="gridcell">
        <Level level={line['level']} />
      </span>
      {columns.map(({ cell, className, name }) => (
        <span key={name} role="gridcell" className={className(line)}>
          {cell(line)}
        </span>
      ))}
    </div>
  );
}

/** Says every ten seconds how many came, and how many of them are errors; not each of them. */
function SpokenCount({ lines }: { readonly lines: readonly LogLine[] }) {
  const [words, setWords] = useState('');
  const latest = useRef(lines);
  latest.current = lines;
  useEffect(() => {
    let newest = latest.current[0]?.time ?? 0;
    const timer = setInterval(() => {
      const fresh = latest.current.filter(({ time }) => time > newest);
      newest = latest.current[0]?.time ?? newest;
      const errors = fresh.filter(({ level }) => level === 'ERROR' || level === 'CRITICAL').length;
      setWords(fresh.length === 0 ? '' : `${fresh.length} new, ${errors} errors`);
    }, SPOKEN_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <span className="vh" role="status">
      {words}
    </span>
  );
}
