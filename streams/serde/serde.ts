/**
 * Turns values into bytes and back, synchronously. The engine handles null itself: a serde never sees it.
 */
export interface Serde<T> {
  /** What its bytes are, such as `text` or `double`: a store that was filled by serdes of other formats is refused. */
  readonly format?: string;
  /**
   * Whether the value is exactly what `deserialize` makes of its bytes, so that the engine can hold it as it is; without
   * this it is taken to be another one.
   */
  preserves?(value: T): boolean;
  serialize(topic: string, value: T): Uint8Array;
  /**
   * Reads the value from `bytes[start, end)`; the range may be part of a larger buffer and must not be kept.
   *
   * @throws SerdePendingError when something must be fetched first; the engine waits and calls again
   * @throws Error any other: the record cannot be decoded, and goes where the deserialization handler says
   */
  deserialize(topic: string, bytes: Buffer, start: number, end: number): T;
}

/** Deserializes outside of the engine, where what is pending can be waited for. */
export async function deserializeWhenReady<T>(
  serde: Serde<T>,
  topic: string,
  bytes: Buffer,
  start: number,
  end: number,
): Promise<T> {
  for (;;) {
    try {
      return serde.deserialize(topic, bytes, start, end);
    } catch (error) {
      if (!(error instanceof SerdePendingError)) throw error;
      await error.ready;
    }
  }
}

/** Decoding needs something that is not there yet, such as a schema from a registry; `ready` settles when it is. */
export class SerdePendingError extends Error {
  constructor(
    message: string,
    readonly ready: Promise<void>,
  ) {
    super(message);
    this.name = 'SerdePendingError';
  }
}
