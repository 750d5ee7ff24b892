/** A call that did not tell what it was to; says whether to call again, and when. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly retryable: boolean;
  /** As the answer asks for. */
  readonly retryAfterMs: number | undefined;
  /** The receiver wants no more calls (HTTP 410). */
  readonly isGone: boolean;

  constructor(
    message: string,
    options: {
      readonly retryable: boolean;
      readonly retryAfterMs?: number | undefined;
      readonly isGone?: boolean;
      readonly cause?: unknown;
    },
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
    this.isGone = options.isGone ?? false;
  }
}
