import { type CSSProperties, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { Link } from 'wouter';
import { whenToSecond } from '../parts/wording.js';
import { useSearchChanges } from '../shell/search-changes.js';
import { type ChartLine, heightOf, type TimeChartProps, TOP } from './chart-props.js';
import { colour, useThemeVersion } from './colours.js';
import { labelsWithin, ticksOf } from './time-axis.js';
import { endsAt, isUnusualAt } from './usual.js';

const SYNC_KEY = 'page';
/** What a label of the axis of time has room of. */
const TICK_PX = 70;
const FONT = '11px "Hanken Grotesk"';
const NICE = [1, 2, 2.5, 4, 5, 6, 8, 10] as const;

/** Lines over time: uPlot draws them, what stands above them is words and links. */
export default function DrawnChart(props: TimeChartProps) {
  const { from, gutter = 34, height, label, limit, lines, marks = [], shades = [], to, xAxis = true } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const latest = useRef(props);
  latest.current = props;
  const theme = useThemeVersion();
  const change = useSearchChanges();
  const [atCursor, setAtCursor] = useState<number | null>(null);
  const select = useRef((_start: number, _end: number) => {});
  select.current = (start, end) => change({ from: String(Math.round(start)), to: String(Math.round(end)) });
  const structure = lines
    .map(({ colour: token, isBefore, outside }) => `${token}${isBefore ? '~' : ''}${outside ? '!' : ''}`)
    .join();

  useEffect(() => {
    const { current: element } = box;
    if (element === null) return;
    const made = new uPlot(
      optionsOf(element.clientWidth, latest, setAtCursor, select),
      dataOf(latest.current),
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: heightOf(latest.current) }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [structure, theme, height, gutter, xAxis]);

  useEffect(() => {
    plot.current?.setData(dataOf(props), true);
  }, [props.times, props.lines, from, to, props.usual]);

  const place = (time: number): CSSProperties => ({ insetInlineStart: `${((time - from) / (to - from)) * 100}%` });
  const isIn = ({ time }: { time: number }) => time >= from && time <= to;
  const move = (event: KeyboardEvent) => {
    const { current } = plot;
    if (current === null) return;
    const step = event.shiftKey ? 10 : 1;
    const last = props.times.length - 1;
    const index = current.cursor.idx ?? last;
    const next = { ArrowLeft: index - step, ArrowRight: index + step, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const time = props.times[Math.max(0, Math.min(last, next))];
    if (time !== undefined) current.setCursor({ left: current.valToPos(time / 1000, 'x'), top: 10 }, true);
  };
  return (
    <div
      className="chart tc-chart"
      role="group"
      aria-roledescription="chart"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: arrows move its cursor
      tabIndex={0}
      onKeyDown={move}
    >
      <div ref={box} className="tc-plot" />
      <div className="tc-over" style={{ insetInlineStart: gutter, top: TOP, height }}>
        {shades.map((shade) => {
          const start = Math.max(from, shade.from);
          const width = ((Math.min(to, shade.to) - start) / (to - from)) * 100;
          return width > 0 ? (
            <i
              key={`${shade.from}${shade.tone}`}
              className={`tc-shade ${shade.tone}`}
              style={{ ...place(start), width: `${width}%` }}
            />
          ) : null;
        })}
        {limit !== undefined && <LimitLine chart={plot} limit={limit} key={`${limit.value}-${props.times.length}`} />}
        {marks.filter(isIn).map((mark) => {
          const isLate = (mark.time - from) / (to - from) > 0.6;
          const content = <b>{mark.label}</b>;
          return (
            <span
              key={`${mark.time}${mark.label}`}
              className={`mark ${mark.tone} ${isLate ? 'left' : ''}`}
              style={place(mark.time)}
            >
              {mark.href === undefined ? content : <Link href={mark.href}>{content}</Link>}
            </span>
          );
        })}
        {props.ends && (
          <Ends
            chart={plot}
            lines={lines.filter(({ isBefore }) => isBefore !== true)}
            key={`ends${props.times.length}${to}`}
          />
        )}
      </div>
      {atCursor !== null && <CursorValues index={atCursor} {...props} />}
    </div>
  );
}

/** The values at the cursor, above the chart and not over its line. */
function CursorValues({ format, index, lines, times }: TimeChartProps & { readonly index: number }) {
  const time = times[index];
  if (time === undefined) return null;
  return (
    <div className="tc-at" aria-live="polite">
      <b>{whenToSecond(time, times.at(-1))}</b>
      {lines.map(({ name, values }) => {
        const value = values[index];
        return value === null || value === undefined ? null : (
          <span key={name}>
            {name} {format(value)}
          </span>
        );
      })}
    </div>
  );
}

function LimitLine({ chart, limit }: { chart: { current: uPlot | null }; limit: { value: number; label: string } }) {
  const [top, setTop] = useState<number>();
  useEffect(() => {
    const { current } = chart;
    if (current !== null) setTop(current.valToPos(limit.value, 'y'));
  }, [chart, limit.value]);
  if (top === undefined || top < 0) return null;
  return (
    <i className="tc-limit" style={{ top }}>
      <span>{limit.label}</span>
    </i>
  );
}

function Ends({ chart, lines }: { chart: { current: uPlot | null }; lines: readonly ChartLine[] }) {
  const [tops, setTops] = useState<readonly (number | undefined)[]>([]);
  useEffect(() => {
    const { current } = chart;
    if (current === null) return;
    let above = Number.NEGATIVE_INFINITY;
    const placed = lines
      .map(({ values }, index) => ({ index, value: values.findLast((value) => value !== null) }))
      .filter((one): one is { index: number; value: number } => typeof one.value === 'number')
      .sort((one, other) => other.value - one.value)
      .map(({ index, value }) => {
        // Names of lines that lie close stand one below the other.
        above = Math.max(current.valToPos(value, 'y'), above + 13);
        return { index, top: above };
      });
    setTops(lines.map((_, index) => placed.find((one) => one.index === index)?.top));
  }, [chart, lines]);
  return lines.map(({ colour: token, name }, index) => {
    const top = tops[index];
    return top === undefined ? null : (
      <span key={name} className={`end ${token}`} style={{ top: Math.max(6, top) }}>
        {name}
      </span>
    );
  });
}

function optionsOf(
  width: number,
  latest: { readonly current: TimeChartProps },
  onCursor: (index: number | null) => void,
  select: { readonly current: (from: number, to: number) => void },
): uPlot.Options {
  const { gutter = 34, lines, xAxis = true } = latest.current;
  const grid = { stroke: colour('line'), width: 1 };
  return {
    width,
    height: heightOf(latest.current),
    padding: [TOP, 0, xAxis ? 0 : TOP, 0],
    legend: { show: false },
    cursor: {
      sync: { key: SYNC_KEY, setSeries: false },
      points: { show: false },
      y: false,
      drag: { x: true, y: false, setScale: false },
    },
    scales: {
      x: { time: true, range: () => [latest.current.from / 1000, latest.current.to / 1000] },
      y: { range: (_plot, min, max) => spanOf(latest.current, min, max) },
    },
    axes: [
      {
        show: xAxis,
        size: 18,
        stroke: colour('text-3'),
        font: FONT,
        grid: { show: false },
        ticks: { show: false },
        gap: 2,
        splits: (plot, _axis, min, max) =>
          ticksOf(min * 1000, max * 1000, plot.bbox.width / devicePixelRatio / TICK_PX).map((time) => time / 1000),
        values: (plot, splits) =>
          labelsWithin(
            splits.map((seconds) => seconds * 1000),
            latest.current.to - latest.current.from,
            plot.bbox.width / devicePixelRatio,
            (time) => plot.valToPos(time / 1000, 'x'),
          ),
      },
      {
        size: gutter,
        stroke: colour('text-3'),
        font: FONT,
        grid,
        ticks: { show: false },
        gap: 6,
        splits: (_plot, _axis, min, max) => [min, (min + max) / 2, max],
        values: (_plot, splits) => splits.map((value) => latest.current.format(value)),
      },
    ],
    series: [
      {},
      ...lines.flatMap((line) => {
        const own = {
          ...{
            stroke: colour(line.colour),
            width: line.width ?? 1.5,
            points: lonePoints(colour(line.colour)),
            spanGaps: false,
          },
          ...(line.isBefore === true && { dash: [4, 3] }),
        };
        if (line.outside === undefined) return [own];
        return [own, { ...own, stroke: colour(line.outside.colour), width: 1.75 }];
      }),
    ],
    hooks: {
      drawClear: [
        (plot) => {
          drawGaps(plot, latest.current);
          drawUsual(plot, latest.current);
        },
      ],
      setCursor: [
        (plot) => {
          const index = plot.cursor.left === undefined || plot.cursor.left < 0 ? null : (plot.cursor.idx ?? null);
          onCursor(index);
          latest.current.onCursor?.(index);
        },
      ],
      setSelect: [
        (plot) => {
          if (plot.select.width < 6) return;
          const start = plot.posToVal(plot.select.left, 'x') * 1000;
          const end = plot.posToVal(plot.select.left + plot.select.width, 'x') * 1000;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          select.current(start, end);
        },
      ],
    },
  };
}

/** What is usual, from each point to the next, and no further where the next is missing. */
function drawUsual(plot: uPlot, { gapMs = Number.POSITIVE_INFINITY, times, usual }: TimeChartProps): void {
  if (usual === undefined) return;
  const { ctx } = plot;
  const { height, left, top, width } = plot.bbox;
  const bottom = top + height;
  const y = (value: number) => Math.max(top, Math.min(bottom, plot.valToPos(value, 'y', true)));
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.fillStyle = colour('band');
  for (const [index, time] of times.entries()) {
    const { high, low } = endsAt(usual, index);
    const next = times[index + 1];
    if ((low === null && high === null) || next === undefined || next - time > gapMs) continue;
    const start = Math.floor(plot.valToPos(time / 1000, 'x', true));
    const end = Math.ceil(plot.valToPos(next / 1000, 'x', true));
    const ceiling = high === null ? top : y(high);
    ctx.fillRect(start, ceiling, end - start, Math.max(0, (low === null ? bottom : y(low)) - ceiling));
  }
  ctx.restore();
}

/** Grey where nothing was measured between two points: no line goes over it. */
function drawGaps(plot: uPlot, { gapMs, times }: TimeChartProps): void {
  if (gapMs === undefined) return;
  const { ctx } = plot;
  const { height, left, top, width } = plot.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.fillStyle = colour('line');
  ctx.globalAlpha = 0.6;
  for (const [index, time] of times.entries()) {
    const next = times[index + 1];
    if (next === undefined || next - time <= gapMs) continue;
    const start = plot.valToPos(time / 1000, 'x', true);
    ctx.fillRect(start, top, plot.valToPos(next / 1000, 'x', true) - start, height);
  }
  ctx.restore();
}

/** A span with a round top, from zero where that is of use. */
function spanOf(
  { limit, usual, zero = true }: TimeChartProps,
  least: number | null,
  most: number | null,
): [number, number] {
  const highest = usual?.high.reduce<number>((one, other) => Math.max(one, other ?? one), Number.NEGATIVE_INFINITY);
  const lowest = usual?.low.reduce<number>((one, other) => Math.min(one, other ?? one), Number.POSITIVE_INFINITY);
  const high = Math.max(most ?? 0, highest ?? Number.NEGATIVE_INFINITY, limit?.value ?? Number.NEGATIVE_INFINITY);
  const low = Math.min(least ?? 0, lowest ?? Number.POSITIVE_INFINITY);
  if (zero || low === high) return [0, roundUp(high > 0 ? high : 1)];
  const step = roundUp((high - low) / 2);
  const start = Math.floor(low / step) * step;
  return [start, start + Math.ceil((high - start) / step / 2) * 2 * step];
}

/** A value with none beside it is on no line, and would not be seen. */
function lonePoints(stroke: string): uPlot.Series.Points {
  const filter = (plot: uPlot, series: number): number[] => {
    const values = plot.data[series] ?? [];
    const isNone = (index: number) => values[index] === null || values[index] === undefined;
    return [...values.keys()].filter((index) => !isNone(index) && isNone(index - 1) && isNone(index + 1));
  };
  return { show: true, filter, size: 4, width: 0, fill: stroke, stroke };
}

function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return (NICE.find((nice) => nice * power >= value * 0.999) ?? 10) * power;
}

function dataOf({ gapMs, lines, times }: TimeChartProps): uPlot.AlignedData {
  const data: (readonly (number | null)[])[] = [];
  for (const { outside, values } of lines) {
    data.push(values);
    if (outside !== undefined)
      // A value that lies outside, and the one before it, from which the line comes.
      data.push(
        values.map((value, index) =>
          isUnusualAt(outside.usual, index, value) || isUnusualAt(outside.usual, index + 1, values[index + 1])
            ? value
            : null,
        ),
      );
  }
  const seconds = times.map((time) => time / 1000);
  if (gapMs === undefined) return [seconds, ...data] as unknown as uPlot.AlignedData;
  return withGaps(seconds, data, gapMs / 1000);
}

function withGaps(
  seconds: readonly number[],
  data: readonly (readonly (number | null)[])[],
  gap: number,
): uPlot.AlignedData {
  const times: number[] = [];
  const rows: (number | null)[][] = data.map(() => []);
  for (const [index, second] of seconds.entries()) {
    const before = seconds[index - 1];
    if (before !== undefined && second - before > gap) {
      times.push(before + gap / 2);
      for (const row of rows) row.push(null);
    }
    times.push(second);
    for (const [place, row] of rows.entries()) row.push(data[place]?.[index] ?? null);
  }
  return [times, ...rows] as unknown as uPlot.AlignedData;
}
