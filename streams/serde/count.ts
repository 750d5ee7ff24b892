import type { Serde } from './serde.js';
import { VarintReader, writeVarint } from './varint.js';

const buffer = Buffer.alloc(8);

/** Whole numbers from 0 to 2^53, in as few bytes as they need. The bytes are valid until the next call. */
export const countSerde: Serde<number> = {
  format: 'count',
  preserves: (value) => Number.isSafeInteger(value) && value >= 0,
  serialize: (_topic, value) => buffer.subarray(0, writeVarint(buffer, 0, value)),
  deserialize(_topic, bytes, start) {
    const first = bytes[start];
    if (first !== undefined && first < 0x80) return first;
    const reader = new VarintReader(bytes);
    reader.position = start;
    return reader.next();
  },
};
