import { MillraceError } from '../errors.js';

/**
 * A serde as an operator takes it that has values of type `T`: it can write them all. What it reads may be more, as with
 * `stringSerde` for the values `'low'` and `'high'`: it reads what was written. One of strings is none for
 * `string | undefined`.
 */
export interface SerdeFor<T> {
  /** What its bytes are, such as `text` or `double`: a store that was filled by serdes of other formats is refused. */
  readonly format?: string;
  /**
   * Whether the value is exactly what `deserialize` makes of its bytes, so that the engine can hold it as it is; without
   * this it is taken to be another one.
   */
  readonly preserves?: (value: T) => boolean;
  /** A property, which the compiler compares strictly; a class may implement it as a method. */
  readonly serialize: (topic: string, value: T) => Uint8Array;
  /**
   * Reads the value from `bytes[start, end)`; the range may be part of a larger buffer and must not be kept.
   *
   * @throws SerdePendingError when something must be fetched first; the engine waits and calls again
   * @throws Error any other: the record cannot be decoded, and goes where the deserialization handler says
   */
  deserialize(topic: string, bytes: Buffer, start: number, end: number): unknown;
}

/** Turns values into bytes and back, synchronously. The engine handles null itself: a serde never sees it. */
export interface Serde<T> extends SerdeFor<T> {
  /** As `SerdeFor#deserialize`. */
  deserialize(topic: string, bytes: Buffer, start: number, end: number): T;
}

/** Deserializes outside of the engine, where what is pending can be waited for. */
export function deserializeWhenReady<T>(
  serde: Serde<T>,
  topic: string,
  bytes: Buffer,
  start: number,
  end: number,
): Promise<T> {
  return whenReady(() => serde.deserialize(topic, bytes, start, end));
}

/** Reads what serdes make of bytes, again each time that what they waited for is there. */
export async function whenReady<T>(read: () => T): Promise<T> {
  for (;;) {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof SerdePendingError)) throw error;
      await error.ready;
    }
  }
}

/** Decoding needs something that is not there yet, such as a schema from a registry; `ready` settles when it is. */
export class SerdePendingError extends MillraceError<'SERDE_PENDING'> {
  constructor(
    message: string,
    readonly ready: Promise<void>,
  ) {
    super('SERDE_PENDING', message);
  }
}
