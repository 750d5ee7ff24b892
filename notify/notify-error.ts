/** A mistake in what alert delivery was told to do; the message says what to change. */
export class NotifyError extends Error {
  constructor(
    readonly code:
      | 'NOTIFY_CONFIG'
      | 'NOTIFY_MATCHER'
      | 'NOTIFY_SCHEDULE'
      | 'NOTIFY_SECRET'
      | 'NOTIFY_UNKNOWN'
      | 'NOTIFY_READ_ONLY',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'NotifyError';
  }
}
