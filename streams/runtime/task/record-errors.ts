import { type Headers, NO_HEADERS } from '../../log/log.js';
import {
  type ErrorContext,
  type ExceptionHandler,
  isFatal,
  RecordError,
  type RecordErrorCode,
} from '../../topology/exception-handlers.js';
import type { RecordMetadata } from '../../topology/processor.js';
import type { OriginalRecord } from '../repartition/repartition-record.js';
import type { RecordCopies } from './record-copies.js';
import type { TaskEnvironment } from './task-environment.js';

/** The task, as far as what went wrong in it is concerned. */
interface Failing {
  readonly id: string;
  readonly partition: number;
  /** Of the record being processed; undefined where none is. */
  readonly recordMetadata: RecordMetadata | undefined;
  readonly original: OriginalRecord | undefined;
  readonly originalHeaders: Headers | undefined;
  reportSkipped(node: string, reason: string): void;
}

/** Asks the handlers about what goes wrong with a record, and does what they say. */
export class RecordErrors {
  readonly #task: Failing;
  readonly #environment: TaskEnvironment;
  readonly #copies: RecordCopies;

  constructor(task: Failing, environment: TaskEnvironment, copies: RecordCopies) {
    this.#task = task;
    this.#environment = environment;
    this.#copies = copies;
  }

  /** @throws RecordError, or what was thrown, when it is to stop the application */
  handle(
    code: RecordErrorCode,
    node: string,
    thrown: unknown,
    { key, timestamp, value }: Pick<ErrorContext, 'key' | 'value' | 'timestamp'>,
  ): void {
    if (isFatal(thrown)) throw thrown;
    const error = thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
    const task = this.#task;
    const from = task.recordMetadata ?? { topic: '', partition: task.partition, offset: -1 };
    const context: ErrorContext = { ...from, taskId: task.id, node, key, value, timestamp };
    const { counters, deadLetterTopic } = this.#environment;
    const response = this.#handlerOf(code)(error, context);
    if (response === 'fail' || (response === 'dead-letter' && deadLetterTopic === undefined)) {
      throw new RecordError(code, context, error);
    }
    if (response !== 'dead-letter' || deadLetterTopic === undefined) {
      task.reportSkipped(node, error.message);
      return;
    }
    counters.node(task.id, node).skipped++;
    const headers = task.originalHeaders ?? NO_HEADERS;
    this.#copies.deadLetter(deadLetterTopic, code, context, error, task.original, headers);
  }

  #handlerOf(code: RecordErrorCode): ExceptionHandler {
    const environment = this.#environment;
    if (code === 'DESERIALIZATION') return environment.deserializationExceptionHandler;
    return code === 'PROCESSING' ? environment.processingExceptionHandler : environment.productionExceptionHandler;
  }
}
