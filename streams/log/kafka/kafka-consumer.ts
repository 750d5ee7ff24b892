import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { LogConsumer, RecordCursor, TopicPartition } from '../log.js';
import type { Availability } from './availability.js';
import type { BrokerConnections } from './broker-connections.js';
import { Fetcher, type FetcherOptions } from './fetcher.js';

/** The connections are the consumer's own, and closed with it: a request waits for the one before it. */
export type KafkaConsumerOptions = Omit<FetcherOptions, 'onFetched'>;

/** Reads the partitions that are assigned to it; the next records are fetched while the last are processed. */
export class KafkaConsumer implements LogConsumer {
  readonly #fetcher: Fetcher;
  readonly #connections: BrokerConnections;
  readonly #availability: Availability;
  readonly #onFailed = () => this.wake();
  #woken = false;
  #wake: (() => void) | undefined;
  #closed = false;
  #end: () => void = () => {};
  /** Resolves when it is closed. */
  readonly ended = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  constructor(options: KafkaConsumerOptions) {
    this.#connections = options.connections;
    this.#fetcher = new Fetcher({ ...options, onFetched: () => this.#wake?.() });
    this.#availability = options.availability;
    this.#availability.closed.addEventListener('abort', this.#onFailed);
  }

  assign(topicPartition: TopicPartition, offset: number): void {
    this.#fetcher.set(topicPartition, offset);
  }

  unassign(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#fetcher.delete(partition);
  }

  pause(topicPartition: TopicPartition): void {
    this.#fetcher.pause(topicPartition, true);
  }

  resume(topicPartition: TopicPartition): void {
    this.#fetcher.pause(topicPartition, false);
  }

  async poll(maxWaitMs: number): Promise<RecordCursor[]> {
    const deadline = performance.now() + maxWaitMs;
    // Whoever polls without waiting must let answers come in nevertheless.
    if (!(maxWaitMs > 0)) await nextTurn();
    for (;;) {
      if (this.#closed) return [];
      if (this.#fetcher.failure !== undefined) throw this.#fetcher.failure;
      if (this.#availability.failure !== undefined) throw this.#availability.failure;
      const taken = this.#fetcher.take();
      const leftMs = deadline - performance.now();
      if (taken.length > 0 || this.#woken || !(leftMs > 0)) {
        this.#woken = false;
        return taken;
      }
      await this.#wait(leftMs);
    }
  }

  /** Has the poll that waits, or the next one, end at once. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#availability.closed.removeEventListener('abort', this.#onFailed);
    this.#fetcher.close();
    this.#wake?.();
    await this.#connections.close();
    this.#end();
  }

  async #wait(maxWaitMs: number): Promise<void> {
    const timer = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([woken, delay(maxWaitMs, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
    this.#wake = undefined;
  }
}
