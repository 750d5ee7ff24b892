import { MillraceError } from '@millrace/streams';

/** Input that cannot be read at all; the message says which and what to do. */
export class ProducerError extends MillraceError<
  | 'INPUT_MISSING'
  | 'INPUT_IS_DIRECTORY'
  | 'INPUT_UNREADABLE'
  | 'INPUT_IN_USE'
  | 'INPUT_MOVED'
  | 'INPUT_DAMAGED'
  | 'LOG_FORMAT'
  | 'MAP'
  | 'TIME_ZONE'
  | 'MASK'
  | 'CLIENT_FROM'
  | 'NOTHING_USABLE'
  | 'QUEUE_FULL'
  | 'QUEUE_CLOSED'
  | 'SOURCE_UNREACHABLE'
  | 'SOURCE_ANSWER'
> {}
