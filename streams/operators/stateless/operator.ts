import type { Failed } from '../../topology/graph.js';
import type { Forward } from '../../topology/topology.js';

/** Makes the call that a record goes through, of the call to the next operator. */
export type Operator = (forward: Forward, failed: Failed) => Forward;

/** Hands on what it is given. */
export const passOn: Operator = (forward) => forward;
