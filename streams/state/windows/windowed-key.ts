import type { Serde } from '../../serde/serde.js';
import { Windowed } from './windowed.js';

/** The end and the start of the window, behind the key. */
const BOUNDS_BYTES = 16;

/** A key with its window as bytes: they sort by the key first, as in Kafka Streams. */
export function windowedKeySerde<K>(serde: Serde<K>): Serde<Windowed<K>> {
  return {
    ...(serde.format !== undefined && { format: `${serde.format} with a window` }),
    serialize(topic, { key, window: { end, start } }) {
      const bounds = Buffer.allocUnsafe(BOUNDS_BYTES);
      bounds.writeBigUInt64BE(BigInt(end), 0);
      bounds.writeBigUInt64BE(BigInt(start), 8);
      return Buffer.concat([serde.serialize(topic, key), bounds]);
    },
    deserialize(topic, bytes, start, end) {
      const bounds = end - BOUNDS_BYTES;
      const [windowEnd, windowStart] = [bounds, bounds + 8].map((at) => Number(bytes.readBigUInt64BE(at)));
      const window = { windowStart: () => windowStart as number, windowEnd: () => windowEnd as number };
      return new Windowed(serde.deserialize(topic, bytes, start, bounds), window, 0);
    },
  };
}
