import { randomUUID } from 'node:crypto';
import { type Log, type LogConsumer, LogError, type RecordCursor, type Transaction } from '@millrace/streams';
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

const POSITIONS = { topic: POSITIONS_TOPIC, partition: 0 } as const;

/** Reads the positions that there are, and commits others, unless another process does so in the same texts. */
export class PositionsWatch {
  readonly #id = randomUUID();
  readonly #log: Log;
  readonly #consumer: LogConsumer;
  /** What other processes have written since the start, by key. */
  readonly #foreign = new Map<string, SignedPosition>();
  /** What is before it is known. */
  #end: number;

  private constructor(
    log: Log,
    consumer: LogConsumer,
    /** As they were at the start, by key; the last that was written is the last. */
    readonly positions: Positions,
    end: number,
  ) {
    this.#log = log;
    this.#consumer = consumer;
    this.#end = end;
  }

  static async start(log: Log): Promise<PositionsWatch> {
    await log.ensureTopic(POSITIONS_TOPIC, { partitions: 1, cleanupPolicy: 'compact' });
    const positions = new Map<string, SourcePosition>();
    const consumer = log.consumer();
    const end = await log.endOffset(POSITIONS, { settled: true });
    let offset = await log.startOffset(POSITIONS);
    consumer.assign(POSITIONS, offset);
    while (offset < end) {
      const [cursor] = await consumer.poll(1000);
      if (cursor === undefined) continue;
      while (cursor.next()) {
        const key = keyOf(cursor);
        const position = positionOf(cursor);
        positions.delete(key);
        if (position !== undefined) positions.set(key, position);
      }
      offset = cursor.nextOffset;
    }
    return new PositionsWatch(log, consumer, positions, Math.max(offset, end));
  }

  /**
   * Commits positions, with whatever else is in the transaction. Two processes that have read the same text to the same
   * place both want to commit what follows; the log lets one of them, for the other's knowledge of the positions is old
   * by then. Where a log cannot compare, it is looked at just before.
   *
   * @param begin makes the transaction; it is called again when others have committed positions meanwhile
   * @throws ProducerError INPUT_IN_USE when another process has written a position in one of the texts
   */
  async commit(positions: ReadonlyMap<string, SourcePosition | null>, begin: () => Transaction): Promise<void> {
    for (;;) {
      const transaction = begin();
      if (transaction.expectEnd === undefined) this.#note(await this.#consumer.poll(0));
      this.#requireUnshared(positions);
      for (const [key, position] of positions) {
        const value = position === null ? null : Buffer.from(JSON.stringify({ ...position, by: this.#id }));
        transaction.append(POSITIONS_TOPIC, 0, Date.now(), Buffer.from(key), value);
      }
      transaction.expectEnd?.(POSITIONS, this.#end);
      try {
        this.#end = (await transaction.commit()).endOffset(POSITIONS_TOPIC, 0) ?? this.#end;
        return;
      } catch (error) {
        if (!(error instanceof LogError && error.code === 'END_MOVED')) throw error;
        await this.#readOn();
      }
    }
  }

  close(): Promise<void> {
    return this.#consumer.close();
  }

  async #readOn(): Promise<void> {
    this.#consumer.assign(POSITIONS, this.#end);
    do this.#note(await this.#consumer.poll(1000));
    while (this.#end < (await this.#log.endOffset(POSITIONS)));
  }

  #note(cursors: readonly RecordCursor[]): void {
    for (const cursor of cursors) {
      while (cursor.next()) {
        const position = positionOf(cursor);
        if (position?.by !== undefined && position.by !== this.#id) this.#foreign.set(keyOf(cursor), position);
      }
      this.#end = cursor.nextOffset;
    }
  }

  #requireUnshared(positions: ReadonlyMap<string, SourcePosition | null>): void {
    if (this.#foreign.size === 0) return;
    const others = [...this.#foreign.values()];
    for (const position of positions.values()) {
      if (position === null || !others.some((other) => isSameText(position, other))) continue;
      throw new ProducerError(
        'INPUT_IN_USE',
        `another process reads ${position.name} into the same log: its lines would be counted twice; let one of the two do it`,
      );
    }
  }
}

function keyOf({ keyBytes, keyEnd, keyStart }: RecordCursor): string {
  return keyBytes.toString('utf8', keyStart, keyEnd);
}

function positionOf({ valueBytes, valueEnd, valueStart }: RecordCursor): SignedPosition | undefined {
  return valueStart < 0 ? undefined : (JSON.parse(valueBytes.toString('utf8', valueStart, valueEnd)) as SignedPosition);
}

function isSameText(one: SourcePosition, other: SourcePosition): boolean {
  if (one.host !== other.host) return false;
  const isSameFile = one.name === other.name && one.machine === other.machine;
  return isSameFile || (one.prefixBytes === PREFIX_BYTES && one.prefixHash === other.prefixHash);
}
