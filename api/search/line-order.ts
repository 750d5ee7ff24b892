import type { LinePosition } from './stored-lines.js';

/** The order of lists. */
export function newestFirst(one: LinePosition, other: LinePosition): number {
  return other.time - one.time || other.partition - one.partition || other.offset - one.offset;
}
