import type { Serde } from './serde.js';

/** Bytes as they are. What is read is a copy. */
export const bytesSerde: Serde<Buffer> = {
  serialize: (_topic, value) => value,
  deserialize: (_topic, bytes, start, end) => Buffer.from(bytes.subarray(start, end)),
};
