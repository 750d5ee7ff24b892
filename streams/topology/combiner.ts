import type { Headers } from '../log/log.js';
import type { Forward } from './topology.js';

/**
 * The first phase of a two-phase aggregation: merges the records of one commit interval into partial aggregates, so
 * that the repartition topic carries one block a slice and partition instead of every record.
 */
export interface Combiner {
  /** True for windows: what it has combined can come too late for them. */
  readonly isForWindows: boolean;
  /** Whether a record of this time may be late, and is for that reason not to be combined with others. */
  readonly mayBeLate?: (timestamp: number) => boolean;
  readonly process: Forward;
  /** Hands out what was combined since the last flush; `counts` says that it is sure to be counted. */
  flush(emit: EmitBlock, counts: boolean): void;
}

/** What a block's entry has of headers is sent with a block of its own. */
export type EmitBlock = (partition: number, slice: number, block: Buffer, headers: Headers) => void;

export type PartitionOf = (serializedKey: Uint8Array) => number;
