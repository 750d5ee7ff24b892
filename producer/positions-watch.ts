import { randomUUID } from 'node:crypto';
import type { Log, LogConsumer, RecordCursor } from '../streams/log/log.js';
import { ProducerError } from './producer-error.js';
import { type Positions, PREFIX_BYTES, type SourcePosition } from './source-position.js';

/**
 * Where reading each text goes on: a compacted topic. A topic, and not a file, for the position then is in the same
 * transaction as the records that it follows.
 */
export const POSITIONS_TOPIC = 'millrace-inputs';

/** A position, and which writer it is of. */
interface SignedPosition extends SourcePosition {
  readonly by?: string;
}

/** Reads the positions that there are, and then sees those that others write. */
export class PositionsWatch {
  readonly #id = randomUUID();
  readonly #consumer: LogConsumer;
  /** What other processes have written since the start. */
  readonly #foreign: SignedPosition[] = [];

  private constructor(
    consumer: LogConsumer,
    /** As they were at the start, by key; the last that was written is the last. */
    readonly positions: Positions,
  ) {
    this.#consumer = consumer;
  }

  static async start(log: Log): Promise<PositionsWatch> {
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
        const { keyBytes, keyEnd, keyStart } = cursor;
        const key = keyBytes.toString('utf8', keyStart, keyEnd);
        const position = positionOf(cursor);
        positions.delete(key);
        if (position !== undefined) positions.set(key, position);
      }
      offset = cursor.nextOffset;
    }
    return new PositionsWatch(consumer, positions);
  }

  /** A position as it is to be written. */
  signed(position: SourcePosition): Buffer {
    return Buffer.from(JSON.stringify({ ...position, by: this.#id } satisfies SignedPosition));
  }

  /** @throws ProducerError INPUT_IN_USE when another process has written a position in one of the texts */
  async check(positions: ReadonlyMap<string, SourcePosition | null>): Promise<void> {
    for (const cursor of await this.#consumer.poll(0)) {
      while (cursor.next()) {
        const position = positionOf(cursor);
        if (position?.by !== undefined && position.by !== this.#id) this.#foreign.push(position);
      }
    }
    if (this.#foreign.length === 0) return;
    for (const position of positions.values()) {
      if (position === null || !this.#foreign.some((other) => isSameText(position, other))) continue;
      throw new ProducerError(
        'INPUT_IN_USE',
        `another process reads ${position.name} into the same log: its lines would be counted twice; let one of the two do it`,
      );
    }
  }

  close(): Promise<void> {
    return this.#consumer.close();
  }
}

function positionOf({ valueBytes, valueEnd, valueStart }: RecordCursor): SignedPosition | undefined {
  return valueStart < 0 ? undefined : (JSON.parse(valueBytes.toString('utf8', valueStart, valueEnd)) as SignedPosition);
}

function isSameText(one: SourcePosition, other: SourcePosition): boolean {
  if (one.host !== other.host) return false;
  const isSameFile = one.name === other.name && one.machine === other.machine;
  return isSameFile || (one.prefixBytes === PREFIX_BYTES && one.prefixHash === other.prefixHash);
}
