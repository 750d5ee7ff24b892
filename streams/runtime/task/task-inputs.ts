import type { RecordCursor } from '../../log/log.js';
import type { Forward, OutCount, RepartitionNode, SourceNode } from '../../topology/topology.js';
import { type OriginalRecord, RECORD_HEAD_BYTES } from '../repartition/repartition-record.js';
import type { PartitionTime, TaskTime, TimeLimits } from './task-time.js';

/** One partition that a task reads, with the record at its head decoded. */
export interface Input {
  readonly topic: string;
  readonly source: SourceNode | RepartitionNode;
  /** Undefined for a repartition topic. */
  readonly time: PartitionTime | undefined;
  readonly forward: Forward;
  readonly cursors: RecordCursor[];
  /** Of the records and blocks that were read of it and can be used. */
  readonly count: OutCount;
  position: number;
  hasHead: boolean;
  /** What follows its next record is to be seen first. */
  isWaiting: boolean;
  key: unknown;
  value: unknown;
  timestamp: number;
  /** Of the source partition that the record came from, where it came by way of a repartition topic. */
  partitionTime: number;
  /** Times up to this one are not ahead of anything; see `TimeAhead`. */
  believedUntil: number;
}

/** The partitions that a task reads: what was fetched of them, and how far they are. */
export class TaskInputs {
  readonly all: Input[] = [];
  readonly #time: TaskTime;

  constructor(time: TaskTime) {
    this.#time = time;
  }

  open(topic: string, source: SourceNode | RepartitionNode, forward: Forward, count: OutCount): void {
    const isSource = source.kind === 'source';
    this.all.push({
      topic,
      source,
      time: isSource ? this.#time.reads(topic) : undefined,
      forward,
      cursors: [],
      count,
      position: 0,
      hasHead: false,
      isWaiting: false,
      key: null,
      value: null,
      timestamp: 0,
      partitionTime: -1,
      believedUntil: isSource ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY,
    });
  }

  get topics(): readonly string[] {
    return this.all.map(({ topic }) => topic);
  }

  /** Takes what was fetched. */
  add(cursor: RecordCursor): void {
    for (const input of this.all) {
      if (input.topic !== cursor.topic) continue;
      input.cursors.push(cursor);
      if (input.time) this.#time.recordsArrived(input.time);
    }
  }

  /** Goes on from a committed position. */
  seek(topic: string, offset: number, metadata: string): void {
    for (const input of this.all) {
      if (input.topic !== topic) continue;
      input.position = offset;
      this.#time.restore(topic, metadata);
    }
  }

  /** Where reading goes on in each topic, and what a restart needs to know of its times. */
  positions(): { topic: string; offset: number; metadata: string }[] {
    return this.all.map(({ topic, position }) => ({
      topic,
      offset: position,
      metadata: this.#time.serialize(topic),
    }));
  }

  /** Where reading goes on, by topic. */
  offsets(): Map<string, number> {
    return new Map(this.all.map(({ position, topic }) => [topic, position]));
  }

  positionIn(topic: string): number {
    return this.#of(topic)?.position ?? 0;
  }

  /** The offset after the last record of the topic that the task was given. */
  fetchedTo(topic: string): number {
    const input = this.#of(topic);
    return input?.cursors.at(-1)?.nextOffset ?? input?.position ?? 0;
  }

  /** Topics of which fetched records are still to be processed, and no more are needed to do that. */
  get buffered(): readonly string[] {
    return this.all.filter(({ cursors, isWaiting }) => cursors.length > 0 && !isWaiting).map(({ topic }) => topic);
  }

  /** Whether it has to be known of which topics there is more. */
  get askForMore(): boolean {
    return this.all.length > 1 || this.all.some(({ isWaiting }) => isWaiting);
  }

  /** Source topics that have been silent for a while; `endsAt` says whether that is their end. */
  silent(limits: TimeLimits): string[] {
    return this.#time.silent(limits).map(({ topic }) => topic);
  }

  /** @param asked how far the inputs had come, `TaskTime#reached`, when the log was asked for its end */
  endsAt(topic: string, endOffset: number, asked: number): void {
    for (const { cursors, hasHead, position, time, topic: read } of this.all) {
      if (read !== topic || time === undefined) continue;
      if (!hasHead && cursors.length === 0 && position >= endOffset) this.#time.isAtEnd(time, asked);
      else time.isAtEnd = false;
    }
  }

  /** The record that the cursor stands at, by its bytes as they were written. */
  originalOf(cursor: RecordCursor): OriginalRecord {
    const { keyBytes, keyStart, offset, partition, timestamp, topic, valueBytes } = cursor;
    // In a repartition topic the value stands behind what the engine says of it.
    const headBytes = this.#of(topic)?.source.kind === 'repartition' ? RECORD_HEAD_BYTES : 0;
    const valueStart = cursor.valueStart < 0 ? -1 : cursor.valueStart + headBytes;
    return {
      topic,
      partition,
      offset,
      timestamp,
      key: keyStart < 0 ? null : keyBytes.subarray(keyStart, cursor.keyEnd),
      value: valueStart < 0 ? null : valueBytes.subarray(valueStart, cursor.valueEnd),
    };
  }

  #of(topic: string): Input | undefined {
    return this.all.find((input) => input.topic === topic);
  }
}
