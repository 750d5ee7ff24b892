/** The sinks have not got all that is in Kafka. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
  readonly code = 'SINKS_BEHIND';
}
