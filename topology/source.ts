import {
  type Consumed,
  type KStream,
  type Serde,
  type StreamsBuilder,
  stringSerde,
  type TimestampExtractor,
} from '@millrace/streams';
import { boundedName } from './monitoring/measured.js';

interface SourceOptions<V> {
  /** Of the source in the topology. */
  readonly name: string;
  readonly value: Serde<V>;
  readonly timestamp: TimestampExtractor<V>;
  /** The value, with what no result may be made of taken out of it. */
  readonly usable: (value: V) => V;
}

/**
 * The records of a topic that any client can write to: the one way in which the application reads. A record without a value
 * is a dead letter, as one is that cannot be decoded.
 */
export function sourceOf<V>(builder: StreamsBuilder, topic: string, options: SourceOptions<V>): KStream<null, V> {
  return builder.stream(topic, { ...consumedOf(options), nulls: 'refuse' });
}

/** As `sourceOf`, of records that are in the partitions of their keys: one without a key is a dead letter, too. */
export function keyedSourceOf<V>(
  builder: StreamsBuilder,
  topic: string,
  options: SourceOptions<V>,
): KStream<string, V> {
  return builder.stream(topic, { ...consumedOf(options), key: nameSerde, nulls: 'refuse' });
}

function consumedOf<V>({
  name,
  timestamp,
  usable,
  value,
}: SourceOptions<V>): Pick<Consumed<never, V>, 'name' | 'value' | 'timestamp'> {
  return {
    name,
    value: {
      serialize: (topic, record) => value.serialize(topic, record),
      deserialize: (topic, bytes, start, end) => usable(value.deserialize(topic, bytes, start, end)),
    },
    timestamp,
  };
}

const nameSerde: Serde<string> = {
  ...stringSerde,
  deserialize: (topic, bytes, start, end) => boundedName(stringSerde.deserialize(topic, bytes, start, end)),
};
