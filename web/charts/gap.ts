/** So many usual distances without a point are a gap. */
const DISTANCES = 5;

/** How long a chart of points may have none before its line is broken, in milliseconds: at least so long, more where they are rare. */
export function gapOf(times: readonly number[], leastMs: number): number {
  const distances = times.slice(1).map((time, index) => time - (times[index] as number));
  const usual = distances.sort((one, other) => one - other)[distances.length >> 1] ?? 0;
  return Math.max(leastMs, DISTANCES * usual);
}
