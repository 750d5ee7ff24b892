import type { Serde } from './serde.js';

/** Text as UTF-8. */
export const stringSerde: Serde<string> = {
  format: 'text',
  // UTF-8 has no lone surrogates: they become U+FFFD, all of them the same.
  preserves: (value) => typeof value === 'string' && value.isWellFormed(),
  serialize: (_topic, value) => Buffer.from(value),
  deserialize: (_topic, bytes, start, end) => bytes.toString('utf8', start, end),
};
