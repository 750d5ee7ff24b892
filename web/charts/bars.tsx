import { type PointerEvent, useRef, useState } from 'react';
import { clockLabel } from './time-chart.js';

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
  readonly onSelect?: (from: number, to: number) => void;
}

/** Counts by steps of time, classes one on the other. */
export function Bars({ format, from, gutter = 34, height, label, onSelect, parts, stepMs, times, to }: BarsProps) {
  const plot = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ start: number; end: number }>();
  const sums = times.map((_, index) => parts.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const most = niceTop(Math.max(1, ...sums));
  const x = (time: number) => ((time - from) / (to - from)) * 1000;
  const share = (event: PointerEvent) => {
    const box = plot.current?.getBoundingClientRect();
    return box === undefined ? 0 : Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
  };
  const ticks = ticksOf(from, to);
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
      <div className="xts" aria-hidden="true">
        {ticks.map((time) => (
          <span key={time} style={{ insetInlineStart: `${((time - from) / (to - from)) * 100}%` }}>
            {clockLabel(time, to - from)}
          </span>
        ))}
      </div>
    </figure>
  );
}

function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 5, 6, 8, 10].find((nice) => nice * power >= value) ?? 10) * power;
}

const TICK_STEPS_MS = [
  10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 86_400_000,
];

/** Round times within a range, not so many that they touch. */
export function ticksOf(from: number, to: number, most = 7): number[] {
  const step = TICK_STEPS_MS.find((ms) => (to - from) / ms <= most) ?? 7 * 86_400_000;
  const ticks: number[] = [];
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
    const share = (time - from) / (to - from);
    if (share > 0.02 && share < 0.98) ticks.push(time);
  }
  return ticks;
}
