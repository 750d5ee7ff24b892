const DAY_MS = 86_400_000;
const MIN_AT_HOUR = 4;

/** A rate's factor at the time: least at 4 in the morning, `1 - depth`, most at 4 in the afternoon, UTC; 1 in the mean. */
export function dailyRhythm(timeMs: number, depth: number): number {
  const ofDay = (timeMs % DAY_MS) / DAY_MS;
  return 1 - depth * Math.cos(2 * Math.PI * (ofDay - MIN_AT_HOUR / 24));
}
