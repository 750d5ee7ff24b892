import { MillraceError } from '@millrace/streams';

/** A user's mistake: printed as it is, with exit code 2. */
export class UsageError extends MillraceError<'USAGE'> {
  constructor(message: string) {
    super('USAGE', message);
  }
}
