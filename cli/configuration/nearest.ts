import { distance } from 'fastest-levenshtein';

/**
 * The name that was probably meant; undefined when none is near.
 *
 * @param mostWrong letters that may be wrong; by default a third, and two of a short one
 */
export function nearest(
  name: string,
  names: Iterable<string>,
  mostWrong = Math.max(2, Math.floor(name.length / 3)),
): string | undefined {
  let best: string | undefined;
  let bestDistance = mostWrong + 1;
  for (const each of names) {
    const apart = distance(name, each);
    if (apart < bestDistance) [best, bestDistance] = [each, apart];
  }
  return best;
}
