import type { Headers } from '../../log/log.js';
import { type ErrorContext, type RecordErrorCode, textOf } from '../../topology/exception-handlers.js';
import { isTimestamp } from '../../topology/timestamp.js';
import type { LateRecord } from '../../topology/topology.js';
import type { OriginalRecord } from '../repartition/repartition-record.js';
import type { TaskEnvironment } from './task-environment.js';

/** Copies a task's late records and dead letters to their topics, and counts them. */
export class RecordCopies {
  readonly #environment: TaskEnvironment;
  readonly #partition: number;

  constructor(environment: TaskEnvironment, partition: number) {
    this.#environment = environment;
    this.#partition = partition;
  }

  /** @param original the record as it was read; without one, what the context has is written as text */
  deadLetter(
    topic: string,
    code: RecordErrorCode,
    context: ErrorContext,
    error: Error,
    original: OriginalRecord | undefined,
    headers: Headers,
  ): void {
    const environment = this.#environment;
    environment.metrics.deadLetters++;
    const where = code === 'DESERIALIZATION' ? {} : { node: context.node, task: context.taskId };
    if (original !== undefined) {
      this.#copyTo(topic, original, headers, { reason: error.message, ...placeOf(original), ...where });
      return;
    }
    const bytesOf = (part: unknown) => (part === undefined || part === null ? null : Buffer.from(textOf(part)));
    const { key, timestamp, value } = context;
    environment
      .transaction()
      .append(
        topic,
        this.#partition % environment.partitions(topic),
        this.#timeOf(timestamp),
        bytesOf(key),
        bytesOf(value),
        headersOf({ reason: error.message, ...where }),
      );
  }

  /** @param original undefined where no record is being processed: what was late is then counted alone */
  late(all: readonly LateRecord[], original: OriginalRecord | undefined, headers: Headers): void {
    const { lateTopic, metrics } = this.#environment;
    const late = all.filter(({ isTold }) => !isTold);
    if (late.length === 0) return;
    if (original === undefined) {
      // A record that is late for two aggregates is one.
      const nodes = late.map(({ node }) => node);
      metrics.lateRecords += Math.max(...nodes.map((node) => nodes.filter((other) => other === node).length));
      return;
    }
    metrics.lateRecords++;
    if (lateTopic === undefined) return;
    this.#copyTo(lateTopic, original, headers, {
      'late-for': [...new Set(late.map(({ node }) => node))].join(','),
      'late-by-ms': String(Math.max(...late.map(({ latenessMs }) => latenessMs))),
      'grace-needed-ms': String(Math.max(...late.map(({ graceNeededMs }) => graceNeededMs))),
      ...placeOf(original),
    });
  }

  #copyTo(topic: string, original: OriginalRecord, headers: Headers, added: Record<string, string>): void {
    const { key, partition, timestamp, value } = original;
    const environment = this.#environment;
    environment
      .transaction()
      .append(topic, partition % environment.partitions(topic), this.#timeOf(Math.floor(timestamp)), key, value, [
        ...headers,
        ...headersOf(added),
      ]);
  }

  /** What is wrong with a record may be its time: a log takes no other than these. */
  #timeOf(timestamp: number | undefined): number {
    return isTimestamp(timestamp) ? timestamp : this.#environment.now();
  }
}

function placeOf({ offset, partition, topic }: OriginalRecord): Record<string, string> {
  return { source: topic, partition: String(partition), offset: String(offset) };
}

function headersOf(texts: Record<string, string>): Headers {
  return Object.entries(texts).map(([key, value]) => ({ key, value: Buffer.from(value) }));
}
