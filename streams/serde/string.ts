import type { Serde } from './serde.js';

/** Text as UTF-8. */
export const stringSerde: Serde<string> = {
  serialize: (_topic, value) => Buffer.from(value),
  deserialize: (_topic, bytes, start, end) => bytes.toString('utf8', start, end),
};
