/** Wrong types are compile errors: this file is checked by the compiler, not run. */
import { jsonSerde, numberSerde, StreamsBuilder, stringSerde, TimeWindows } from '@millrace/streams';

const builder = new StreamsBuilder();
const words = builder.stream('words', { key: stringSerde, value: stringSerde, nulls: 'skip' });

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
words.merge(builder.stream('numbers', { key: stringSerde, value: numberSerde, nulls: 'skip' }));

const counted = words.groupByKey().windowedBy(TimeWindows.ofSizeWithNoGrace('1m')).count().toStream();

counted.map(({ key, window }, count) => [`${key}@${window.start}`, count + 1]);
// @ts-expect-error the key is windowed
counted.map((key, count) => [key.length, count]);
// @ts-expect-error the key of a windowed result is no string
counted.to('counts', { key: stringSerde });

const kept = builder.stream('kept', { key: stringSerde, value: stringSerde });
// @ts-expect-error any client can write a record without a value
kept.mapValues((value) => value.length);
// @ts-expect-error and one without a key
kept.selectKey((key) => key.length);
kept.filter((_key, value) => value !== null).mapValues((value) => value.length);
kept.to('copies', { key: stringSerde, value: stringSerde });
kept
  .groupByKey()
  .count()
  .toStream()
  .map((key, count) => [key.length, count + 1]);

const table = builder.table('table', { key: stringSerde, value: stringSerde });
table.mapValues((value) => value.length);
// @ts-expect-error a row may have gone
table.toStream().mapValues((value) => value.length);
const filtered = kept.groupByKey().count().filter(Boolean).toStream();
// @ts-expect-error the filter may have taken the row out
filtered.mapValues((count) => count + 1);

const keyless = builder.stream('events', { value: jsonSerde<{ readonly id: number }>(), nulls: 'skip' });
// @ts-expect-error without a serde for it, the key is null
keyless.map((key, value) => [key.length, value.id]);
