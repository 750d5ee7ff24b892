/** What a detector takes for usual at each point of a line. Null: no end on this side; on both sides: not known yet. */
export interface Usual {
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
}

/** From the moment that an incident opened what was usual before it goes on, for the detector learns meanwhile. */
export function heldSince({ high, low }: Usual, times: readonly number[], opened: number | undefined): Usual {
  if (opened === undefined) return { high, low };
  const first = times.findIndex((time) => time >= opened);
  if (first <= 0) return { high, low };
  const hold = (ends: readonly (number | null)[]) => ends.map((end, index) => ends[Math.min(index, first - 1)] ?? end);
  return { high: hold(high), low: hold(low) };
}

export function isUnusualAt({ high, low }: Usual, index: number, value: number | null | undefined): boolean {
  if (value === null || value === undefined) return false;
  const [least, most] = [low[index] ?? null, high[index] ?? null];
  return (most !== null && value > most) || (least !== null && value < least);
}

/** The same at each point, as an alert says it. */
export function everywhere(
  range: { readonly low: number | null; readonly high: number | null },
  points: number,
): Usual {
  return { low: Array<number | null>(points).fill(range.low), high: Array<number | null>(points).fill(range.high) };
}
