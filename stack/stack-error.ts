import { MillraceError } from '@millrace/streams';

/** A service cannot be installed, started or stopped; the message says which, why and what to do. */
export class StackError extends MillraceError<
  | 'PROGRAM_MISSING'
  | 'DOWNLOAD_FAILED'
  | 'PORT_UNUSABLE'
  | 'PORT_TAKEN'
  | 'RUNS_ELSEWHERE'
  | 'SERVICE_ENDED'
  | 'SERVICE_NOT_READY'
  | 'SERVICE_NOT_STOPPED'
  | 'UNKNOWN_SERVICE'
  | 'STATE_UNREADABLE'
  | 'INTERRUPTED'
> {}
