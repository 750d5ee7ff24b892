import type { StreamsConfig } from '@millrace/streams';

/**
 * What any client can write must not stop what others wait for: a record that an operator cannot take is a dead letter, as
 * one that cannot be decoded is.
 */
export const RECORD_FAULTS = {
  deserializationExceptionHandler: () => 'dead-letter',
  processingExceptionHandler: () => 'dead-letter',
} as const satisfies Partial<StreamsConfig>;
