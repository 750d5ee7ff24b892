/** Input that cannot be read at all; the message says which and what to do. */
export class ProducerError extends Error {
  constructor(
    readonly code:
      | 'INPUT_MISSING'
      | 'INPUT_IS_DIRECTORY'
      | 'INPUT_UNREADABLE'
      | 'INPUT_IN_USE'
      | 'INPUT_MOVED'
      | 'INPUT_DAMAGED'
      | 'LOG_FORMAT'
      | 'CLIENT_FROM'
      | 'NOTHING_USABLE',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ProducerError';
  }
}
