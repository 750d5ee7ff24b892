import type { Consumed, ConsumedWithoutKey, KStream, StreamsBuilder } from '../streams/index.js';

/**
 * The records of a topic that any client can write to: the one way in which the application reads. A record without a value,
 * or without the key where it is asked for, is a dead letter, as one is that cannot be decoded.
 */
export function sourceOf<V>(builder: StreamsBuilder, topic: string, consumed: ConsumedWithoutKey<V>): KStream<null, V>;
export function sourceOf<K, V>(builder: StreamsBuilder, topic: string, consumed: Consumed<K, V>): KStream<K, V>;
export function sourceOf<K, V>(
  builder: StreamsBuilder,
  topic: string,
  consumed: Consumed<K, V> | ConsumedWithoutKey<V>,
): KStream<K, V> | KStream<null, V> {
  return builder.stream(topic, { ...consumed, nulls: 'refuse' } as Consumed<K, V> & { nulls: 'refuse' });
}
