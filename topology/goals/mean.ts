import type { KeepingAggregator, Serde } from '@millrace/streams';

/** A sum and how many it is of. */
export interface Mean {
  readonly sum: number;
  readonly count: number;
}

/** The mean of a number that records carry. */
export function meanOf<K, V>(value: (record: V) => number): KeepingAggregator<K, V, Mean> {
  return {
    initializer: () => ({ sum: 0, count: 0 }),
    add: (_key, record, mean) => ({ sum: mean.sum + value(record), count: mean.count + 1 }),
    merge: (left, right) => ({ sum: left.sum + right.sum, count: left.count + right.count }),
  };
}

/** Both as 8-byte doubles, big-endian. */
export const meanSerde: Serde<Mean> = {
  serialize(_topic, { sum, count }) {
    const bytes = Buffer.allocUnsafe(16);
    bytes.writeDoubleBE(sum);
    bytes.writeDoubleBE(count, 8);
    return bytes;
  },
  deserialize: (_topic, bytes, start) => ({ sum: bytes.readDoubleBE(start), count: bytes.readDoubleBE(start + 8) }),
};
