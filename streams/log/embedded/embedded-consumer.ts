import type { LogConsumer, TopicPartition } from '../log.js';
import { BatchCursor, gapBatch, MAX_GAP_RECORDS } from '../record-batch.js';
import type { EmbeddedLog } from './embedded-log.js';

interface Assignment {
  readonly topicPartition: TopicPartition;
  position: number;
  paused: boolean;
}

export interface EmbeddedConsumerOptions {
  /** A poll stops reading when it has this many bytes. Default no limit. */
  readonly maxBytes?: number;
}

/** Reads batches from where it stands: mostly each next one begins just there, and one synchronous get finds it. */
export class EmbeddedConsumer implements LogConsumer {
  readonly #log: EmbeddedLog;
  readonly #maxBytes: number;
  readonly #assignments: Assignment[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(log: EmbeddedLog, options: EmbeddedConsumerOptions = {}) {
    this.#log = log;
    this.#maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY;
  }

  assign(topicPartition: TopicPartition, offset: number): void {
    this.#log.requirePartition(topicPartition.topic, topicPartition.partition);
    const known = this.#find(topicPartition);
    if (known === undefined) this.#assignments.push({ topicPartition, position: offset, paused: false });
    else known.position = offset;
    this.#wake?.();
  }

  pause(topicPartition: TopicPartition): void {
    const assignment = this.#find(topicPartition);
    if (assignment !== undefined) assignment.paused = true;
  }

  resume(topicPartition: TopicPartition): void {
    const assignment = this.#find(topicPartition);
    if (!assignment?.paused) return;
    assignment.paused = false;
    this.#wake?.();
  }

  async poll(maxWaitMs: number): Promise<BatchCursor[]> {
    const deadline = performance.now() + maxWaitMs;
    for (;;) {
      this.#log.requireOpen();
      const { appends } = this.#log;
      const cursors = await this.#read();
      const leftMs = deadline - performance.now();
      if (cursors.length > 0 || this.#closed || !(leftMs > 0)) return cursors;
      await this.#appended(appends, leftMs);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#assignments.length = 0;
    this.#wake?.();
  }

  async #read(): Promise<BatchCursor[]> {
    const cursors: BatchCursor[] = [];
    let bytes = 0;
    for (const assignment of [...this.#assignments]) {
      if (assignment.paused) continue;
      const cursor = await this.#readPartition(assignment);
      if (cursor === undefined) continue;
      cursors.push(cursor);
      bytes += cursor.bytes.length;
      if (bytes >= this.#maxBytes) break;
    }
    return cursors;
  }

  async #readPartition(assignment: Assignment): Promise<BatchCursor | undefined> {
    const { topicPartition } = assignment;
    for (;;) {
      const { position } = assignment;
      const start = this.#log.readableFrom(topicPartition);
      if (position < start) {
        const gap = gapBatch('deleted', Math.min(start - position, MAX_GAP_RECORDS));
        const cursor = new BatchCursor(topicPartition.topic, topicPartition.partition, gap, position);
        assignment.position = cursor.nextOffset;
        return cursor;
      }
      const cursor = await this.#batch(topicPartition, position);
      // Moved, or closed, while this waited.
      if (assignment.position !== position || this.#closed) return undefined;
      if (cursor === undefined) return undefined;
      cursor.skippedTo(position);
      assignment.position = cursor.nextOffset;
      // Compaction may have left nothing from there to the batch's end.
      if (cursor.remaining > 0 || cursor.gap !== undefined) return cursor;
    }
  }

  /** @throws LogError LOG_CORRUPT, with the file and the offsets */
  async #batch(topicPartition: TopicPartition, position: number): Promise<BatchCursor | undefined> {
    try {
      const from = this.#log.batchFrom(topicPartition, position);
      if (from !== undefined || position >= this.#log.readableTo(topicPartition)) return from;
      return await this.#log.batchAt(topicPartition, position);
    } catch (error) {
      throw await this.#log.explained(error);
    }
  }

  #find({ topic, partition }: TopicPartition): Assignment | undefined {
    return this.#assignments.find(
      ({ topicPartition }) => topicPartition.topic === topic && topicPartition.partition === partition,
    );
  }

  /** Resolves when something was appended since, or after the time. */
  #appended(since: number, maxWaitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        stopWaiting();
        this.#wake = undefined;
        resolve();
      };
      // A timer can take 2^31 ms at most; the loop in `poll` waits again.
      const timer = setTimeout(wake, Math.min(Math.ceil(maxWaitMs), 2 ** 31 - 1));
      const stopWaiting = this.#log.onAppend(since, wake);
      this.#wake = wake;
    });
  }
}
