import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import kafka, { type LibrdKafkaError, type Producer } from '@confluentinc/kafka-javascript';

const { ERRORS } = kafka.CODES;

/** Where the records of a transaction ended, by topic and partition. */
export type EndOffsets = ReadonlyMap<string, readonly (number | undefined)[]>;

/** Follows what became of the records of one transaction at a time. */
export class DeliveryReports {
  expected = 0;
  /** The first reason for which a record was refused. */
  failure: LibrdKafkaError | undefined;
  failedTopic: string | undefined;
  #ends = new Map<string, (number | undefined)[]>();
  #reported = 0;
  #wake: (() => void) | undefined;

  constructor(producer: Producer) {
    producer.on('delivery-report', (error, report) => {
      this.#reported++;
      if (error) this.#refused(error, report?.topic);
      else this.#delivered(report.topic, report.partition, report.offset);
      this.#wake?.();
    });
  }

  get ends(): EndOffsets {
    return this.#ends;
  }

  begin(): void {
    this.expected = 0;
    this.failure = undefined;
    this.failedTopic = undefined;
    this.#reported = 0;
    this.#ends = new Map();
  }

  /** Resolves when some more records were reported on. */
  async progress(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
    await yieldToEventLoop();
  }

  /** Resolves when all records were. */
  async all(): Promise<void> {
    while (this.#reported < this.expected) await this.progress();
  }

  #refused(error: LibrdKafkaError, topic: string | undefined): void {
    // Records that were dropped because the transaction had failed already say nothing of the reason.
    if (error.code === ERRORS.ERR__PURGE_QUEUE || error.code === ERRORS.ERR__PURGE_INFLIGHT) return;
    if (this.failure !== undefined) return;
    this.failure = error;
    this.failedTopic = topic;
  }

  #delivered(topic: string, partition: number, offset: number): void {
    let ends = this.#ends.get(topic);
    if (ends === undefined) {
      ends = [];
      this.#ends.set(topic, ends);
    }
    ends[partition] = Math.max(ends[partition] ?? 0, offset + 1);
  }
}
