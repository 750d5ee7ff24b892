import type { Serde } from './serde.js';

/** A number as an 8-byte double, big-endian: Kafka's `DoubleSerde`. */
export const numberSerde: Serde<number> = {
  format: 'double',
  preserves: (value) => typeof value === 'number',
  serialize(_topic, value) {
    if (typeof value !== 'number') throw new TypeError(`${String(value)} is not a number`);
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeDoubleBE(value);
    return bytes;
  },
  deserialize(_topic, bytes, start, end) {
    if (end - start !== 8) throw new RangeError(`a number takes 8 bytes, not ${end - start}`);
    return bytes.readDoubleBE(start);
  },
};
