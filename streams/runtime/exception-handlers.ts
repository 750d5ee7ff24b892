import type { RecordMetadata } from './processor.js';

/** `fail` stops the application, `continue` drops the record, `dead-letter` sends it to the dead-letter topic. */
export type ExceptionResponse = 'fail' | 'continue' | 'dead-letter';

export type ExceptionHandler = (error: Error, record: RecordMetadata) => ExceptionResponse;

/** A record that stopped the application, because its handler said so or because there is none. */
export class RecordError extends Error {
  constructor(
    readonly code: 'DESERIALIZATION' | 'PROCESSING',
    readonly record: RecordMetadata,
    cause: Error,
  ) {
    super(
      `${code === 'DESERIALIZATION' ? 'cannot decode' : 'cannot process'} the record at offset ${record.offset} of ` +
        `${record.topic}-${record.partition}: ${cause.message}`,
      { cause },
    );
    this.name = 'RecordError';
  }
}
