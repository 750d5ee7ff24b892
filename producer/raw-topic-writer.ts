import type { AccessLog } from '../schemas/records.js';
import type { Log } from '../streams/log/log.js';
import type { Serde } from '../streams/serde/serde.js';
import type { LogBatch } from './log-source.js';
import { RefusedLines } from './refused-lines.js';
import type { Positions, SourcePosition } from './source-position.js';
import { TopicWriter } from './topic-writer.js';

/**
 * Where reading each text goes on: a compacted topic. A topic, and not a file, for the
 * position then is in the same transaction as the records that it follows.
 */
const POSITIONS_TOPIC = 'millrace-inputs';

export interface RawTopicWriterOptions {
  readonly log: Log;
  readonly topic: string;
  readonly deadLetterTopic: string;
  readonly serde: Serde<AccessLog>;
  /** Where to count; default: a count of its own. */
  readonly metrics?: WriterMetrics;
}

/** What was written since the start. */
export interface WriterMetrics {
  events: number;
  readonly refused: RefusedLines;
}

export function newWriterMetrics(): WriterMetrics {
  return { events: 0, refused: new RefusedLines() };
}

/**
 * Appends events to the raw topic, keyed and partitioned by client address, and lines that are no events to the
 * dead-letter topic. A batch and the position in the file that it came from are one transaction: a producer that is
 * killed goes on after the last line that is in the log, and writes none twice.
 */
export class RawTopicWriter {
  readonly metrics: WriterMetrics;
  readonly #options: RawTopicWriterOptions;
  readonly #requests: TopicWriter<AccessLog>;
  readonly #deadLetterPartitions: number;
  /** Where texts were left when this writer was made, by key. */
  readonly positions: Positions;

  private constructor(
    options: RawTopicWriterOptions,
    requests: TopicWriter<AccessLog>,
    deadLetterPartitions: number,
    positions: Positions,
  ) {
    this.metrics = options.metrics ?? newWriterMetrics();
    this.#options = options;
    this.#requests = requests;
    this.#deadLetterPartitions = deadLetterPartitions;
    this.positions = positions;
  }

  static async create(options: RawTopicWriterOptions): Promise<RawTopicWriter> {
    const { deadLetterTopic, log, serde, topic } = options;
    return new RawTopicWriter(
      options,
      await TopicWriter.create({ log, topic, serde, keyOf: ({ client_ip }) => client_ip }),
      (await log.partitions(deadLetterTopic)) ?? 1,
      await readPositions(log),
    );
  }

  async write(events: readonly AccessLog[]): Promise<void> {
    await this.#requests.write(events);
    this.metrics.events += events.length;
  }

  async writeBatch(batch: LogBatch): Promise<void> {
    const { deadLetterTopic, log } = this.#options;
    const transaction = log.transaction();
    this.#requests.append(transaction, batch.events);
    for (const { reason, source, line, bytes, length } of batch.badLines) {
      const headers = Object.entries({
        reason,
        source,
        line: String(line),
        // The value is cut off there.
        ...(length > bytes.length ? { 'line-bytes': String(length) } : {}),
      });
      transaction.append(
        deadLetterTopic,
        line % this.#deadLetterPartitions,
        Date.now(),
        null,
        bytes,
        headers.map(([key, value]) => ({ key, value: Buffer.from(value) })),
      );
    }
    for (const [key, position] of batch.positions) {
      const value = position === null ? null : Buffer.from(JSON.stringify(position));
      transaction.append(POSITIONS_TOPIC, 0, Date.now(), Buffer.from(key), value);
    }
    await transaction.commit();
    this.metrics.events += batch.events.length;
    for (const { source, line, reason, bytes } of batch.badLines) this.metrics.refused.add(source, line, reason, bytes);
  }

  /** Resolves when others can read what was written. */
  settle(): Promise<void> {
    return this.#requests.settle();
  }
}

async function readPositions(log: Log): Promise<Positions> {
  await log.ensureTopic(POSITIONS_TOPIC, { partitions: 1, cleanupPolicy: 'compact' });
  const positions = new Map<string, SourcePosition>();
  const topicPartition = { topic: POSITIONS_TOPIC, partition: 0 };
  const consumer = log.consumer();
  consumer.assign(topicPartition, await log.startOffset(topicPartition));
  const end = await log.endOffset(topicPartition, { settled: true });
  for (let offset = 0; offset < end; ) {
    const [cursor] = await consumer.poll(1000);
    if (cursor === undefined) continue;
    while (cursor.next()) {
      const { keyBytes, keyEnd, keyStart, valueBytes, valueEnd, valueStart } = cursor;
      const key = keyBytes.toString('utf8', keyStart, keyEnd);
      // The last that was written stands last.
      positions.delete(key);
      if (valueStart >= 0)
        positions.set(key, JSON.parse(valueBytes.toString('utf8', valueStart, valueEnd)) as SourcePosition);
    }
    offset = cursor.nextOffset;
  }
  await consumer.close();
  return positions;
}
