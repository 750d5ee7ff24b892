import type { LocalTime } from '../../detection/local-time.js';

/**
 * When clocks show a time; in the hour that comes twice, the first time or the second.
 *
 * @param local as if it were UTC
 */
export function instantOf(local: number, localTime: LocalTime): number {
  let instant = local;
  for (let round = 0; round < 3; round++) instant = local - (localTime(instant) - instant);
  return instant;
}
