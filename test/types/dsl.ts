/** Wrong types are compile errors: this file is checked by the compiler, not run. */
import { jsonSerde, numberSerde, StreamsBuilder, stringSerde, TimeWindows } from '../../streams/index.js';

const builder = new StreamsBuilder();
const words = builder.stream('words', { key: stringSerde, value: stringSerde });

// @ts-expect-error the value is a string
words.filter((_key, value) => value > 3n);
// @ts-expect-error a string has no such method
words.mapValues((value) => value.toFixed());
// @ts-expect-error the topic would get strings, not numbers
words.to('numbers', { value: numberSerde });
// @ts-expect-error the new key is a number, the serde one for strings
words.groupBy((_key, value) => value.length, { key: stringSerde });
// @ts-expect-error an aggregate needs a serde
words.groupByKey().aggregate({ initializer: () => 0, add: (_key, value, sum) => sum + value.length }, {});
// @ts-expect-error streams of other values cannot be merged
words.merge(builder.stream('numbers', { key: stringSerde, value: numberSerde }));

const counted = words.groupByKey().windowedBy(TimeWindows.ofSizeWithNoGrace('1m')).count().toStream();

counted.map(({ key, window }, count) => [`${key}@${window.start}`, count + 1]);
// @ts-expect-error the key is windowed
counted.map((key, count) => [key.length, count]);
// @ts-expect-error the key of a windowed result is no string
counted.to('counts', { key: stringSerde });

const keyless = builder.stream('events', { value: jsonSerde<{ readonly id: number }>() });
// @ts-expect-error without a serde for it, the key is null
keyless.map((key, value) => [key.length, value.id]);
