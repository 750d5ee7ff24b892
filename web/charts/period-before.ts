import type { ChartLine } from './chart-props.js';

/** Values of as long a time before, from the same question: one list for each line that they are compared with. */
export interface PeriodBefore {
  /** How long before. */
  readonly spanMs: number;
  readonly times: readonly number[];
  readonly values: readonly (readonly (number | null)[])[];
}

/** Of a series of the time before; undefined while it is not there. */
export function periodBefore<One>(
  series: readonly One[] | undefined,
  spanMs: number,
  timeOf: (one: One) => number,
  values: readonly ((one: One) => number | null)[],
): PeriodBefore | undefined {
  if (series === undefined) return undefined;
  return { spanMs, times: series.map(timeOf), values: values.map((value) => series.map(value)) };
}

const LEAST_REACH_MS = 5_000;

/** Lines of the time before, at the times of those of now: at each the last value that is no older than the reach. */
export function linesBefore(
  lines: readonly ChartLine[],
  times: readonly number[],
  { spanMs, times: earlier, values }: PeriodBefore,
  reachMs = LEAST_REACH_MS,
): readonly ChartLine[] {
  let next = 0;
  const places = times.map((time) => {
    while (next < earlier.length && (earlier[next] ?? 0) <= time - spanMs) next++;
    const last = earlier[next - 1];
    return last === undefined || time - spanMs - last > reachMs ? undefined : next - 1;
  });
  if (places.every((place) => place === undefined)) return [];
  return lines.map(({ colour, name }, index) => ({
    ...{ name: `${name} before`, colour, width: 1.25, isBefore: true },
    values: places.map((place) => (place === undefined ? null : (values[index]?.[place] ?? null))),
  }));
}
