/** What a detector takes for usual at each point of a line. Null: no end on this side; on both sides: not known yet. */
export interface Usual {
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
}

/** What is usual at one point. */
export interface UsualEnds {
  readonly low: number | null;
  readonly high: number | null;
}

export function endsAt({ high, low }: Usual, index: number): UsualEnds {
  return { low: low[index] ?? null, high: high[index] ?? null };
}

export function isOutside({ high, low }: UsualEnds, value: number): boolean {
  return (high !== null && value > high) || (low !== null && value < low);
}

/** From the moment that an incident opened what was usual before it goes on, for the detector learns meanwhile. */
export function heldSince({ high, low }: Usual, times: readonly number[], opened: number | undefined): Usual {
  if (opened === undefined) return { high, low };
  const first = times.findIndex((time) => time >= opened);
  if (first <= 0) return { high, low };
  const hold = (ends: readonly (number | null)[]) => ends.map((end, index) => ends[Math.min(index, first - 1)] ?? end);
  return { high: hold(high), low: hold(low) };
}

export function isUnusualAt(usual: Usual, index: number, value: number | null | undefined): boolean {
  return value !== null && value !== undefined && isOutside(endsAt(usual, index), value);
}

/** The same at each point, as an alert says it. */
export function everywhere(range: UsualEnds, points: number): Usual {
  return { low: Array<number | null>(points).fill(range.low), high: Array<number | null>(points).fill(range.high) };
}
