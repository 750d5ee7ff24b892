import { instantOnClock, onClock } from '../parts/time-zone.js';

const TICK_STEPS_MS = [
  10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 86_400_000,
];

/** Times below a chart of a range in milliseconds. */
export function TimeAxis({ from, to }: { readonly from: number; readonly to: number }) {
  return (
    <div className="xts" aria-hidden="true">
      {ticksOf(from, to).map((time) => (
        <span key={time} style={{ insetInlineStart: `${((time - from) / (to - from)) * 100}%` }}>
          {clockLabel(time, to - from)}
        </span>
      ))}
    </div>
  );
}

/** Times within a range that are round on the clock of the zone, not so many that they touch. */
export function ticksOf(from: number, to: number, most = 7): number[] {
  const step = TICK_STEPS_MS.find((ms) => (to - from) / ms <= most) ?? 7 * 86_400_000;
  const ticks: number[] = [];
  const first = Math.ceil(onClock(from).getTime() / step) * step;
  for (let shown = first; instantOnClock(shown) <= to; shown += step) {
    const time = instantOnClock(shown);
    // An hour that the clock leaves out is the next one.
    if (time === ticks.at(-1)) continue;
    const share = (time - from) / (to - from);
    if (share > 0.02 && share < 0.98) ticks.push(time);
  }
  return ticks;
}

/** About half of what a character of a label is wide. */
const HALF_CHARACTER_PX = 3;

/** Labels of an axis so wide, by where their middles are; an empty one where an end would cut it. */
export function labelsWithin(
  times: readonly number[],
  spanMs: number,
  widthPx: number,
  placeOf: (time: number) => number,
): string[] {
  return times.map((time) => {
    const label = clockLabel(time, spanMs);
    const half = label.length * HALF_CHARACTER_PX;
    const place = placeOf(time);
    return place < half || place > widthPx - half ? '' : label;
  });
}

/** A time of a range that is so long, as short as it can be told. */
export function clockLabel(time: number, spanMs: number): string {
  const text = onClock(time).toISOString();
  if (spanMs > 2 * 86_400_000) return `${text.slice(8, 10)}. ${text.slice(11, 16)}`;
  return spanMs <= 180_000 || time % 60_000 !== 0 ? text.slice(11, 19) : text.slice(11, 16);
}
