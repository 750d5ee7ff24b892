/**
 * Counts words in a log on disk. A second run continues with the counts of the first.
 *
 *   npm run build
 *   node dist/examples/word-count.js            # a built-in text
 *   node dist/examples/word-count.js README.md  # your own
 */
import { readFile } from 'node:fs/promises';
import { type Log, numberSerde, Streams, StreamsBuilder, stringSerde, type Topology } from '@millrace/streams';
import { EmbeddedLog } from '@millrace/streams/embedded';

const DIRECTORY = 'data/word-count';
const PARTITIONS = 4;
const SHOWN = 10;
const TEXT = `A log is a list to which you only append.
A stream is a log that you read as it grows.
A table is what is left of a stream when you keep the last value of each key.`;

/** Lines of text in, the current count of each word out. */
export function wordCount(): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream('lines', { value: stringSerde, nulls: 'skip' })
    .flatMapValues((line) => line.toLowerCase().match(/\p{L}+/gu) ?? [])
    .groupBy((_key, word) => word, { key: stringSerde })
    .count({ name: 'counts' })
    .toStream()
    .to('word-counts', { key: stringSerde, value: numberSerde });
  return builder.build();
}

async function main(files: readonly string[]): Promise<void> {
  const log = await EmbeddedLog.open({ directory: `${DIRECTORY}/log` });
  await log.ensureTopic('lines', { partitions: PARTITIONS });
  await log.ensureTopic('word-counts', { partitions: PARTITIONS, cleanupPolicy: 'compact' });

  const texts = files.length === 0 ? [TEXT] : await Promise.all(files.map((file) => readFile(file, 'utf8')));
  await append(log, texts.join('\n').split('\n'));

  const app = new Streams(wordCount(), { applicationId: 'word-count', log, stateDirectory: `${DIRECTORY}/state` });
  await app.start();
  await app.drain();
  await app.close();

  const counts = [...(await readCounts(log))].sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
  for (const [word, count] of counts.slice(0, SHOWN)) console.log(`${String(count).padStart(6)}  ${word}`);
  await log.close();
}

/** One transaction: either all lines are in the log or none. */
async function append(log: Log, lines: readonly string[]): Promise<void> {
  const transaction = log.transaction();
  lines.forEach((line, i) => {
    transaction.append('lines', i % PARTITIONS, Date.now(), null, Buffer.from(line));
  });
  await transaction.commit();
}

/** The last count of each word. */
async function readCounts(log: Log): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const consumer = log.consumer();
  for (let partition = 0; partition < PARTITIONS; partition++) consumer.assign({ topic: 'word-counts', partition }, 0);
  for (;;) {
    const batches = await consumer.poll(0);
    if (batches.length === 0) break;
    for (const batch of batches) {
      while (batch.next()) {
        const word = stringSerde.deserialize(batch.topic, batch.keyBytes, batch.keyStart, batch.keyEnd);
        counts.set(word, numberSerde.deserialize(batch.topic, batch.valueBytes, batch.valueStart, batch.valueEnd));
      }
    }
  }
  await consumer.close();
  return counts;
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
