import type { Log } from '../log/log.js';
import type { AutoOffsetReset } from '../log/start-offset.js';
import type { ExceptionHandler } from '../topology/exception-handlers.js';
import type { HostInfo } from './group/group-members.js';
import type { TimeLimits } from './task/task-time.js';
import type { StreamsTracer } from './tracing.js';

/** The configuration of an application, with every default filled in; `StreamsConfig` documents the fields. */
export interface StreamThreadConfig {
  readonly applicationId: string;
  readonly log: Log;
  readonly stateDirectory: string | undefined;
  readonly numStandbyReplicas: number;
  /** Where others can ask this instance. */
  readonly host?: () => HostInfo | undefined;
  readonly commitIntervalMs: number;
  readonly maxUncommittedEntries: number;
  readonly maxTransactionBytes: number;
  readonly time: TimeLimits;
  readonly maxTimeAheadMs: number;
  readonly repartition: 'auto' | 'topic';
  readonly deadLetterTopic: string | undefined;
  readonly lateTopic: string | undefined;
  readonly autoOffsetReset: AutoOffsetReset;
  readonly deserializationExceptionHandler: ExceptionHandler;
  readonly processingExceptionHandler: ExceptionHandler;
  readonly productionExceptionHandler: ExceptionHandler;
  /** See `TaskEnvironment`. Default false. */
  readonly handsOnBySerdes?: boolean;
  /** Undefined: there are no spans. */
  readonly tracer?: StreamsTracer | undefined;
  /** The wall clock. */
  readonly now: () => number;
  /** See `TaskEnvironment`. */
  readonly monotonicMs: () => number;
}
