import { MillraceError } from '../errors.js';
import { LogError } from '../log/log.js';
import { StateError } from '../state/state-database.js';
import { Windowed } from '../state/windows/windowed.js';
import type { RecordMetadata } from './processor.js';
import { TimestampError } from './timestamp.js';
import { TopologyError } from './topology.js';

/** `fail` stops the application, `continue` drops the record, `dead-letter` sends it to the dead-letter topic. */
export type ExceptionResponse = 'fail' | 'continue' | 'dead-letter';

/**
 * What failed, and where. What comes of no record, such as a result that is sent at a commit or a punctuation, has the
 * topic '' and the offset -1.
 */
export interface ErrorContext extends RecordMetadata {
  readonly taskId: string;
  /** The operator, or the topic of a sink or source, that could not do its work. */
  readonly node: string;
  /** Of what the node was given; undefined where it was given nothing, as in a punctuation, or could not read it. */
  readonly key?: unknown;
  readonly value?: unknown;
  /** Milliseconds since the epoch. */
  readonly timestamp?: number | undefined;
}

export type ExceptionHandler = (error: Error, record: ErrorContext) => ExceptionResponse;

export type RecordErrorCode = 'DESERIALIZATION' | 'PROCESSING' | 'PRODUCTION';

const WORK = { DESERIALIZATION: 'decode', PROCESSING: 'process', PRODUCTION: 'write' } as const;
const HANDLER = {
  DESERIALIZATION: 'deserializationExceptionHandler',
  PROCESSING: 'processingExceptionHandler',
  PRODUCTION: 'productionExceptionHandler',
} as const;

/** A record or a result that stopped the application, because its handler said so or because there is none. */
export class RecordError extends MillraceError<RecordErrorCode> {
  constructor(
    code: RecordErrorCode,
    readonly record: ErrorContext,
    cause: Error,
  ) {
    super(
      code,
      `cannot ${WORK[code]} ${whatFailed(record)} in ${record.node} (task ${record.taskId}): ${cause.message}; nothing ` +
        'of it is committed: correct the program and start it again, or let the ' +
        `${HANDLER[code]} answer 'continue' or, with a dead-letter topic, 'dead-letter'`,
      { cause },
    );
  }
}

/** The default: a dead letter, where there is a topic for it; else it fails, but for a time that is not believed. */
export function deserializationHandler(deadLetterTopic: string | undefined): ExceptionHandler {
  if (deadLetterTopic !== undefined) return () => 'dead-letter';
  return (error) => (error instanceof TimestampError && error.code === 'TIME_AHEAD' ? 'continue' : 'fail');
}

/** An error of the engine itself, such as a full disk, or one that was decided upon already: no record's fault. */
export function isFatal(error: unknown): boolean {
  return (
    error instanceof RecordError ||
    error instanceof TopologyError ||
    error instanceof StateError ||
    error instanceof LogError
  );
}

function whatFailed({ key, offset, partition, timestamp, topic }: ErrorContext): string {
  if (offset >= 0) return `the record at offset ${offset} of ${topic}-${partition}`;
  if (timestamp === undefined && key === undefined) return 'what a punctuation does';
  return `the result for the key ${textOf(key)}`;
}

/** A key or a value as text, for messages and dead letters. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    if (value instanceof Windowed) return value.toString();
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Such as one that refers to itself.
    return Object.prototype.toString.call(value);
  }
}
