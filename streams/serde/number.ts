import type { Serde } from './serde.js';

/** A number as an 8-byte double, big-endian: Kafka's `DoubleSerde`. */
export const numberSerde: Serde<number> = {
  serialize(_topic, value) {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeDoubleBE(value);
    return bytes;
  },
  deserialize(_topic, bytes, start, end) {
    if (end - start !== 8) throw new RangeError(`a number takes 8 bytes, not ${end - start}`);
    return bytes.readDoubleBE(start);
  },
};
