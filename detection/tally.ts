/** Events of one among several, in some time: of an instance of a service, of a disk of an array. */
export interface Tally {
  readonly count: number;
  /** How many of them failed. */
  readonly failures: number;
}

/** The logarithm of the likelihood ratio of one share of failures against another, in nats; both between 0 and 1. */
export function logRatio({ count, failures }: Tally, share: number, other: number): number {
  return failures * Math.log(share / other) + (count - failures) * Math.log((1 - share) / (1 - other));
}
