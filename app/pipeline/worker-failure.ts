import { LogError, RecordError, StateError, TopologyError } from '@millrace/streams';
import { LakeError } from '../../lake/lake-error.js';
import { ProducerError } from '../../producer/producer-error.js';
import { SchemaFileError } from '../../schemas/schema-directory.js';
import { SchemaError } from '../../schemas/schema-error.js';
import { AppError } from '../app-error.js';
import { KafkaClientError } from '../log/kafka-client.js';

const MAX_CAUSES = 10;

/** Failures that a user can act upon: their message says what to do. */
export const APP_FAILURES = [
  AppError,
  KafkaClientError,
  LakeError,
  LogError,
  ProducerError,
  RecordError,
  SchemaError,
  SchemaFileError,
  StateError,
  TopologyError,
];

/** An error as it is told to another process, which has none of its classes. */
export interface ToldFailure {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly path?: string;
  /** Whether it is of a kind that a user can act upon. */
  readonly isForeseen: boolean;
  readonly cause?: ToldFailure;
}

export function toldFailure(error: Error, depth = 0): ToldFailure {
  const { cause, code, message, name, path, stack } = error as NodeJS.ErrnoException;
  return {
    ...{ name, message, isForeseen: APP_FAILURES.some((kind) => error instanceof kind) },
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof path === 'string' ? { path } : {}),
    ...(stack === undefined ? {} : { stack }),
    ...(cause instanceof Error && depth < MAX_CAUSES ? { cause: toldFailure(cause, depth + 1) } : {}),
  };
}

/** What another process has failed with: an `AppError` where a user can act upon it. */
export function failureOf({ cause, code, isForeseen, message, name, path, stack }: ToldFailure): Error {
  const options = cause === undefined ? {} : { cause: failureOf(cause) };
  const error = isForeseen ? new AppError('WORKER_FAILED', message, options) : new Error(message, options);
  if (!isForeseen) Object.assign(error, { name, code, path });
  if (stack !== undefined) error.stack = stack;
  return error;
}
