import { MillraceError } from '@millrace/streams';

/** What is asked of the application cannot be done; the message says what to do. */
export class AppError extends MillraceError<
  'HOST_TEMPLATE' | 'SOURCE_TOPIC' | 'LOG_URL' | 'REGISTRY_MISSING' | 'WORKER_FAILED'
> {}
