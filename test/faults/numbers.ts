import { fileURLToPath } from 'node:url';
import { type Log, numberSerde } from '@millrace/streams';
import { expect } from 'vitest';

/** The application; what it does is said there. */
export const NUMBERS_PROGRAM = fileURLToPath(new URL('./numbers.mjs', import.meta.url));

export const NUMBERS = { partitions: 4, keys: 40, lap: 25, groups: 7 } as const;

const FEED_NUMBERS = 20;

/** Appends the numbers from `from` to `to`. Number n has the key n modulo `keys`. */
export async function feedNumbers(log: Log, from: number, to: number): Promise<void> {
  for (let number = from; number < to; ) {
    const transaction = log.transaction();
    for (const last = Math.min(to, number + FEED_NUMBERS); number < last; number++) {
      const key = number % NUMBERS.keys;
      const value = numberSerde.serialize('numbers', number);
      transaction.append('numbers', key % NUMBERS.partitions, Date.now(), Buffer.from(`key-${key}`), value);
    }
    await transaction.commit();
  }
}

/** Each number was processed once and in order, whatever happened to those that did. */
export async function expectNumbers(log: Log, fed: number): Promise<void> {
  const all = Array.from({ length: fed }, (_, number) => number);
  const keyed = (records: readonly (readonly [string, number])[]): Map<string, number[]> => {
    const byKey = new Map<string, number[]>();
    for (const [key, value] of records) byKey.set(key, [...(byKey.get(key) ?? []), value]);
    return new Map([...byKey].sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  const keyOf = (number: number) => `key-${number % NUMBERS.keys}`;
  const fedByKey = keyed(all.map((number) => [keyOf(number), number]));
  expect(keyed(await readAll(log, 'numbers')), 'numbers').toEqual(fedByKey);
  expect(keyed(await readAll(log, 'numbers-passed')), 'numbers-passed').toEqual(fedByKey);
  const laps = new Map(
    [...fedByKey].map(([key, numbers]) => [key, numbers.map((_, index) => (index % NUMBERS.lap) + 1)]),
  );
  expect(keyed(await readAll(log, 'numbers-counted')), 'numbers-counted').toEqual(laps);
  const grouped = keyed(await readAll(log, 'numbers-grouped'));
  const ofGroup = new Map<string, number>();
  for (const number of all) {
    const group = `group-${number % NUMBERS.groups}`;
    ofGroup.set(group, (ofGroup.get(group) ?? 0) + 1);
  }
  expect(new Map([...grouped].map(([group, counts]) => [group, counts.at(-1)])), 'numbers-grouped').toEqual(
    new Map([...ofGroup].sort(([a], [b]) => (a < b ? -1 : 1))),
  );
  // A commit that is there twice shows as a count that does not grow.
  for (const [group, counts] of grouped) {
    for (const [index, count] of counts.entries()) {
      if (index > 0) expect(count, `${group}, result ${index}`).toBeGreaterThan(counts[index - 1] ?? 0);
    }
  }
}

/** The topic's committed records, each partition in order. */
async function readAll(log: Log, topic: string): Promise<[string, number][]> {
  const records: [string, number][] = [];
  const ends = new Map<number, number>();
  const consumer = log.consumer();
  for (let partition = 0; partition < ((await log.partitions(topic)) ?? 0); partition++) {
    const end = await log.endOffset({ topic, partition }, { settled: true });
    consumer.assign({ topic, partition }, 0);
    if (end > 0) ends.set(partition, end);
  }
  while (ends.size > 0) {
    for (const cursor of await consumer.poll(100)) {
      while (cursor.next()) {
        const { keyBytes, keyEnd, keyStart, valueBytes, valueEnd, valueStart } = cursor;
        records.push([
          keyBytes.toString('utf8', keyStart, keyEnd),
          numberSerde.deserialize(topic, valueBytes, valueStart, valueEnd),
        ]);
      }
      if (cursor.nextOffset >= (ends.get(cursor.partition) ?? 0)) ends.delete(cursor.partition);
    }
  }
  await consumer.close();
  return records;
}
