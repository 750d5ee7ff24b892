import type { Failed } from '../../topology/graph.js';
import type { Forward, OutCount } from '../../topology/topology.js';

/**
 * Makes the call that a record goes through, of the call to the next operator. One that may hand on more
 * or fewer records than it gets counts them.
 */
export type Operator = (forward: Forward, failed: Failed, countsOut: () => OutCount) => Forward;

/** Hands on what it is given. */
export const passOn: Operator = (forward) => forward;
