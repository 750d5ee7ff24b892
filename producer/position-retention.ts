import type { Positions, SourcePosition } from './source-position.js';

const DAY_MS = 86_400_000;
/**
 * For so long after a text was read, or was seen last, its position is kept: within it, a file that comes back is known by
 * what it holds.
 */
export const POSITION_RETENTION_MS = 30 * DAY_MS;
/** A text that is still there is noted as seen so long after the last time. */
const NOTED_AFTER_MS = POSITION_RETENTION_MS / 3;

/**
 * What is to become of positions with time: those of texts that are there are noted as seen, so that they stay, and those
 * of texts that have not been seen for long are deleted.
 *
 * @param seen the keys of the texts that there are
 * @param nowMs since the epoch
 * @returns positions by key, null for one that is to be deleted; those of older versions, which do not say when they were
 *   written, count from now on
 */
export function agedPositions(
  positions: Positions,
  seen: ReadonlySet<string>,
  nowMs: number,
): Map<string, SourcePosition | null> {
  const changed = new Map<string, SourcePosition | null>();
  for (const [key, position] of positions) {
    const last = Math.max(position.at ?? 0, position.seen ?? 0);
    const ageMs = nowMs - last;
    if (last === 0 || (seen.has(key) && ageMs > NOTED_AFTER_MS)) changed.set(key, { ...position, seen: nowMs });
    else if (ageMs > POSITION_RETENTION_MS && !seen.has(key)) changed.set(key, null);
  }
  return changed;
}
