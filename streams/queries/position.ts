import type { Position } from './state-query.js';

/** Of the partitions that the position has; others are other partitions' matter. */
export function reaches(position: Position, bound: Position): boolean {
  return Object.entries(bound).every(([topic, offsets]) =>
    Object.entries(offsets).every(([partition, offset]) => {
      const at = position[topic]?.[Number(partition)];
      return at === undefined || at >= offset;
    }),
  );
}
