import type { LogConsumer, RecordCursor, TopicPartition } from '../log.js';
import type { EmbeddedLog } from './embedded-log.js';

interface Assignment {
  readonly topicPartition: TopicPartition;
  position: number;
}

export class EmbeddedConsumer implements LogConsumer {
  readonly #log: EmbeddedLog;
  readonly #assignments: Assignment[] = [];
  #wake: (() => void) | undefined;

  constructor(log: EmbeddedLog) {
    this.#log = log;
  }

  assign(topicPartition: TopicPartition, offset: number): void {
    const known = this.#assignments.find(
      ({ topicPartition: { topic, partition } }) =>
        topic === topicPartition.topic && partition === topicPartition.partition,
    );
    if (known === undefined) this.#assignments.push({ topicPartition, position: offset });
    else known.position = offset;
  }

  async poll(maxWaitMs: number): Promise<RecordCursor[]> {
    const cursors = await this.#read();
    if (cursors.length > 0 || maxWaitMs <= 0) return cursors;
    await this.#appended(maxWaitMs);
    return this.#read();
  }

  async close(): Promise<void> {
    this.#wake?.();
    this.#assignments.length = 0;
  }

  async #read(): Promise<RecordCursor[]> {
    const cursors: RecordCursor[] = [];
    for (const assignment of this.#assignments) {
      const { topicPartition, position } = assignment;
      if (position >= this.#log.readableTo(topicPartition)) continue;
      const cursor = await this.#log.batchAt(topicPartition, position);
      if (cursor === undefined) continue;
      assignment.position = cursor.nextOffset;
      cursors.push(cursor.baseOffset < position ? cursor.skippedTo(position) : cursor);
    }
    return cursors;
  }

  /** Resolves when something was appended, or after the time. */
  #appended(maxWaitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        stopWaiting();
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, maxWaitMs);
      const stopWaiting = this.#log.onAppend(wake);
      this.#wake = wake;
    });
  }
}
