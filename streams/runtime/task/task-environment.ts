import type { Transaction } from '../../log/log.js';
import type { AutoOffsetReset } from '../../log/start-offset.js';
import type { ExceptionHandler } from '../../topology/exception-handlers.js';
import type { RepartitionNode } from '../../topology/topology.js';
import type { Counters } from '../counters.js';
import type { StreamsMetrics } from '../metrics.js';
import type { Repartition } from '../repartition/repartition-sink.js';

/** What the tasks of one application share. */
export interface TaskEnvironment {
  readonly applicationId: string;
  readonly metrics: StreamsMetrics;
  readonly counters: Counters;
  /** The wall clock, in milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds by a clock that is never set back: intervals and silences go by it. */
  readonly monotonicMs: () => number;
  /** See `TaskTime`. */
  readonly endsAreKnown: boolean;
  /** How far a record's time may be ahead of the wall clock, and of those around it; may be Infinity. */
  readonly maxTimeAheadMs: number;
  /** The transaction of the commit interval that is running. */
  transaction(): Transaction;
  partitions(topic: string): number;
  repartition(node: RepartitionNode): Repartition;
  /** As of `TaskContext`. */
  globalTable(name: string): (key: unknown) => unknown;
  requestCommit(): void;
  readonly autoOffsetReset: AutoOffsetReset;
  readonly deserializationExceptionHandler: ExceptionHandler;
  readonly processingExceptionHandler: ExceptionHandler;
  readonly productionExceptionHandler: ExceptionHandler;
  readonly deadLetterTopic: string | undefined;
  readonly lateTopic: string | undefined;
  /** Whether what is handed from task to task in this process goes through its serdes, as where it goes by way of a topic. */
  readonly handsOnBySerdes: boolean;
  /** False while what is processed leaves no trace in the state: stores then keep their changes to themselves. */
  readonly keepsState: () => boolean;
}
