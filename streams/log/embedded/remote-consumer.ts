import type { LogConsumer, TopicPartition } from '../log.js';
import type { BatchCursor } from '../record-batch.js';
import type { RemoteLog } from './remote-log.js';

interface Assignment {
  readonly topicPartition: TopicPartition;
  position: number;
  paused: boolean;
}

/** Reads through the process that owns the log, which also does the waiting. */
export class RemoteConsumer implements LogConsumer {
  readonly #log: RemoteLog;
  #assignments: Assignment[] = [];
  #closed = false;
  #stopWaiting: (() => void) | undefined;

  constructor(log: RemoteLog) {
    this.#log = log;
  }

  assign(topicPartition: TopicPartition, offset: number): void {
    this.#log.requirePartition(topicPartition.topic, topicPartition.partition);
    const known = this.#find(topicPartition);
    if (known === undefined) this.#assignments.push({ topicPartition, position: offset, paused: false });
    else known.position = offset;
  }

  pause(topicPartition: TopicPartition): void {
    const assignment = this.#find(topicPartition);
    if (assignment !== undefined) assignment.paused = true;
  }

  resume(topicPartition: TopicPartition): void {
    const assignment = this.#find(topicPartition);
    if (assignment !== undefined) assignment.paused = false;
  }

  async poll(maxWaitMs: number): Promise<BatchCursor[]> {
    const deadline = performance.now() + maxWaitMs;
    for (;;) {
      this.#log.requireOpen();
      if (this.#closed) return [];
      const cursors = await this.#read(Math.max(0, deadline - performance.now()));
      if (cursors.length > 0 || !(performance.now() < deadline)) return cursors;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#assignments = [];
    this.#stopWaiting?.();
  }

  async #read(maxWaitMs: number): Promise<BatchCursor[]> {
    const asked = this.#assignments
      .filter(({ paused }) => !paused)
      .map(({ topicPartition, position }) => ({ ...topicPartition, offset: position }));
    const closed = new Promise<BatchCursor[]>((resolve) => {
      this.#stopWaiting = () => resolve([]);
    });
    const cursors = await Promise.race([this.#log.read(asked, maxWaitMs), closed]);
    const read: BatchCursor[] = [];
    for (const cursor of cursors) {
      const assignment = this.#find(cursor);
      const { offset } = asked.find(({ topic, partition }) => same(cursor, { topic, partition })) ?? { offset: -1 };
      // Moved, or closed, while this waited.
      if (assignment === undefined || assignment.position !== offset) continue;
      assignment.position = cursor.nextOffset;
      if (cursor.skippedTo(offset).remaining > 0 || cursor.gap !== undefined) read.push(cursor);
    }
    // The owner stops when it has read enough: the partition that is served last this time comes first the next.
    const served = new Set(cursors.map(({ topic, partition }) => `${topic}-${partition}`));
    const wasServed = ({ topicPartition: { topic, partition } }: Assignment) => served.has(`${topic}-${partition}`);
    this.#assignments = [
      ...this.#assignments.filter((assignment) => !wasServed(assignment)),
      ...this.#assignments.filter(wasServed),
    ];
    return read;
  }

  #find(topicPartition: TopicPartition): Assignment | undefined {
    return this.#assignments.find((assignment) => same(assignment.topicPartition, topicPartition));
  }
}

function same(a: TopicPartition, b: TopicPartition): boolean {
  return a.topic === b.topic && a.partition === b.partition;
}
