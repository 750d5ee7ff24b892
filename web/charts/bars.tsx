import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react';
import { ChartValues } from './chart-values.js';
import { TimeAxis } from './time-axis.js';

export interface BarPart {
  readonly name: string;
  /** A class of the style sheet, such as b-err. */
  readonly tone: string;
  readonly values: readonly number[];
}

interface BarsProps {
  readonly label: string;
  /** Starts of the steps, ascending. */
  readonly times: readonly number[];
  readonly stepMs: number;
  readonly from: number;
  readonly to: number;
  readonly parts: readonly BarPart[];
  readonly height: number;
  readonly gutter?: number;
  readonly format: (value: number) => string;
  readonly selected?: { readonly from: number; readonly to: number } | undefined;
  /** By dragging; by the keyboard with the arrows, and with shift as far as wanted. */
  readonly onSelect?: (from: number, to: number) => void;
}

/** Counts by steps of time, classes one on the other. */
export function Bars({
  format,
  from,
  gutter = 34,
  height,
  label,
  onSelect,
  parts,
  selected,
  stepMs,
  times,
  to,
}: BarsProps) {
  const plot = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ start: number; end: number }>();
  const sums = times.map((_, index) => parts.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const most = niceTop(Math.max(1, ...sums));
  const x = (time: number) => ((time - from) / (to - from)) * 1000;
  const share = (event: PointerEvent) => {
    const box = plot.current?.getBoundingClientRect();
    return box === undefined ? 0 : Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
  };
  const press = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowLeft' ? -stepMs : event.key === 'ArrowRight' ? stepMs : 0;
    if (by === 0 || onSelect === undefined) return;
    event.preventDefault();
    const last = Math.floor((to - stepMs) / stepMs) * stepMs;
    const at = selected ?? { from: last + (by > 0 ? -stepMs : stepMs), to: last + (by > 0 ? 0 : 2 * stepMs) };
    const end = Math.min(to, at.to + by);
    const start = event.shiftKey ? at.from : at.from + by;
    if (start >= from && end > start) onSelect(start, end);
  };
  return (
    <figure className="chart" style={{ '--gutter': `${gutter}px` } as React.CSSProperties} aria-label={label}>
      <div className="yts" style={{ height }} aria-hidden="true">
        {[0, most / 2, most].map((value) => (
          <span
            key={value}
            className="yt"
            style={{ top: height - (value / most) * height + (value === most ? 4 : value === 0 ? -4 : 0) }}
          >
            {format(value)}
          </span>
        ))}
      </div>
      <div
        ref={plot}
        className="plot"
        style={{ height, touchAction: 'pan-y' }}
        {...(onSelect !== undefined && {
          tabIndex: 0,
          role: 'group',
          'aria-label': `${label}; arrows select a part, with shift a longer one`,
          onKeyDown: press,
        })}
        onPointerDown={(event) => onSelect && setDrag({ start: share(event), end: share(event) })}
        onPointerMove={(event) => drag && setDrag({ ...drag, end: share(event) })}
        onPointerUp={() => {
          if (drag === undefined) return;
          setDrag(undefined);
          const [start, end] = drag.start < drag.end ? [drag.start, drag.end] : [drag.end, drag.start];
          if (end - start > 0.01) onSelect?.(from + start * (to - from), from + end * (to - from));
        }}
        onPointerLeave={() => setDrag(undefined)}
      >
        <svg viewBox={`0 0 1000 ${height}`} preserveAspectRatio="none" aria-hidden="true">
          {[0.5, 1].map((part) => (
            <line
              key={part}
              className="grid"
              x1={0}
              x2={1000}
              y1={height - part * height}
              y2={height - part * height}
            />
          ))}
          {times.map((time, index) => {
            let base = height;
            return parts.map(({ name, tone, values }) => {
              const size = ((values[index] ?? 0) / most) * height;
              base -= size;
              const start = Math.max(0, x(time));
              const width = Math.max(0.8, Math.min(1000, x(time + stepMs)) - start - 1.2);
              return size > 0 ? (
                <rect
                  key={`${time}${name}`}
                  className={`bars ${tone}`}
                  x={start}
                  y={base}
                  width={width}
                  height={size}
                />
              ) : null;
            });
          })}
          {selected !== undefined && drag === undefined && selected.to > from && (
            <rect
              className="shade sel"
              x={Math.max(0, x(selected.from))}
              width={Math.max(2, x(selected.to) - Math.max(0, x(selected.from)))}
              y={0}
              height={height}
            />
          )}
          {drag !== undefined && (
            <rect
              className="shade sel"
              x={Math.min(drag.start, drag.end) * 1000}
              width={Math.abs(drag.end - drag.start) * 1000}
              y={0}
              height={height}
            />
          )}
        </svg>
      </div>
      <TimeAxis from={from} to={to} />
      <ChartValues label={label} times={times} columns={parts} format={format} />
    </figure>
  );
}

function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 5, 6, 8, 10].find((nice) => nice * power >= value) ?? 10) * power;
}
