import type { Tally } from './peers.js';

/** The logarithm of the likelihood ratio of one share of failures against another, in nats; both between 0 and 1. */
export function logRatio({ count, failures }: Tally, share: number, other: number): number {
  return failures * Math.log(share / other) + (count - failures) * Math.log((1 - share) / (1 - other));
}
