import type { ErrorBurst } from '../../app/results/error-bursts.js';
import { number } from './quantities.js';
import { SafeText, safe } from './safe-text.js';
import { clockText, timeText } from './times.js';
import { cut, widthOf } from './width.js';

const MS_PER_SECOND = 1000;

/** A burst in a line: `shop.example from 2026-01-31T11:05:00Z to 11:05:09Z, 60 of 120 requests`. */
export function burstText(burst: ErrorBurst): SafeText {
  const from = inSeconds(burst.from);
  const to = inSeconds(burst.to);
  const end = timeText(from).slice(0, 10) === timeText(to).slice(0, 10) ? clockText(to) : timeText(to);
  return safe`${burst.host} from ${timeText(from)} to ${end}, ${figures(burst)}`;
}

/** The same, as much of it as fits. */
export function burstWithin(burst: ErrorBurst, columns: number): SafeText {
  const { host, worst } = burst;
  const from = clockText(inSeconds(burst.from));
  const forms = [
    burstText(burst),
    safe`${host} ${from} to ${clockText(inSeconds(burst.to))}, ${figures(burst)}`,
    safe`${host} ${figures(burst)}, ${from}`,
    safe`${host} ${number(worst.count)} of ${number(worst.requests)}`,
  ];
  const rest = safe` ${number(worst.count)} of ${number(worst.requests)}`;
  return (
    forms.find((form) => widthOf(form) <= columns) ??
    safe`${cut(SafeText.of(host), Math.max(1, columns - widthOf(rest)))}${rest}`
  );
}

/** Of the worst window, where the burst is longer than one. */
function figures({ from, to, worst }: ErrorBurst): string {
  const counts = `${number(worst.count)} of ${number(worst.requests)} requests`;
  const seconds = (worst.window_end - worst.window_start) / MS_PER_SECOND;
  const isAll = worst.first_error === from && worst.last_error === to;
  return isAll ? counts : `up to ${counts} in ${number(seconds)} s`;
}

function inSeconds(time: number): number {
  return Math.floor(time / MS_PER_SECOND) * MS_PER_SECOND;
}
