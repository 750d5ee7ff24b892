import { MillraceError } from '@millrace/streams';

/** The sinks have not got all that is in Kafka. */
export class DemoError extends MillraceError<'SINKS_BEHIND'> {
  constructor(message: string) {
    super('SINKS_BEHIND', message);
  }
}
