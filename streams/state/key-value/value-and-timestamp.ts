import type { Serde } from '../../serde/serde.js';

/** A table's value with the time of the newest record that it is made of. */
export interface ValueAndTimestamp<V> {
  readonly value: V;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

/** The timestamp as 8 bytes, big-endian, then the value: Kafka Streams' format. */
export function valueAndTimestampSerde<V>(serde: Serde<V>): Serde<ValueAndTimestamp<V>> {
  return {
    ...(serde.format !== undefined && { format: `${serde.format} with its time` }),
    preserves: ({ value }) => serde.preserves?.(value) ?? false,
    serialize(topic, { value, timestamp }) {
      const head = Buffer.allocUnsafe(8);
      head.writeBigInt64BE(BigInt(timestamp));
      return Buffer.concat([head, serde.serialize(topic, value)]);
    },
    deserialize(topic, bytes, start, end) {
      return {
        timestamp: Number(bytes.readBigInt64BE(start)),
        value: serde.deserialize(topic, bytes, start + 8, end),
      };
    },
  };
}
