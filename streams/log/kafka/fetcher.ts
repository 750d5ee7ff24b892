import { setTimeout as delay } from 'node:timers/promises';
import { LogError, type RecordCursor, type TopicPartition } from '../log.js';
import type { Availability } from './availability.js';
import type { BrokerConnections } from './broker-connections.js';
import type { BrokerAddress, Cluster } from './cluster.js';
import { type FetchResponse, fetchRecords, type PartitionResponse } from './fetch-api.js';
import { FetchedCursor, wholeBatches } from './fetched-cursor.js';
import type { OpenTransactions } from './open-transactions.js';
import { protocolErrors, protocolErrorsCodesById } from './protocol.js';

const OFFSET_OUT_OF_RANGE = 1;
const TOPIC_AUTHORIZATION_FAILED = 29;
const RETRY_MS = 100;
/** While some partitions hold records that nobody has taken, the others must not make them wait for the next request. */
const WAIT_BESIDE_MS = 10;

export interface FetchLimits {
  /** How long a broker keeps a request that it has nothing for, in milliseconds. */
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly partitionMaxBytes: number;
}

export interface FetcherOptions {
  readonly cluster: Cluster;
  readonly connections: BrokerConnections;
  readonly limits: FetchLimits;
  readonly availability: Availability;
  readonly openTransactions: OpenTransactions;
  /** What it is to fail with when the topic may not be read. */
  denied(topic: string, reason: string): LogError;
  /** Where the log of a partition starts. */
  startOffset(topicPartition: TopicPartition): Promise<number>;
  /** Called when there is something to take, or to fail with. */
  onFetched(): void;
}

interface FetchedPartition extends TopicPartition {
  /** What is to be fetched next. */
  offset: number;
  paused: boolean;
  /** Fetched and not taken. */
  fetched: RecordCursor | undefined;
  /** Its leader is looked for. */
  recovering: boolean;
}

/**
 * Fetches ahead: of each partition one batch of records lies ready while the next is asked for. A broker has one request
 * at a time, for all of its partitions that have nothing ready.
 */
export class Fetcher {
  readonly #options: FetcherOptions;
  readonly #partitions = new Map<string, FetchedPartition>();
  readonly #asked = new Set<number>();
  readonly #closing = new AbortController();
  #failure: Error | undefined;

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  /** What cannot be fetched, and does not pass by itself. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Fetches the partition from the offset on; what was fetched of it is dropped. */
  set({ topic, partition }: TopicPartition, offset: number): void {
    this.#partitions.set(idOf({ topic, partition }), {
      topic,
      partition,
      offset,
      paused: false,
      fetched: undefined,
      recovering: false,
    });
    this.#ask();
  }

  delete(topicPartition: TopicPartition): void {
    this.#partitions.delete(idOf(topicPartition));
  }

  /** What is fetched of a paused partition stays where it is. */
  pause(topicPartition: TopicPartition, paused: boolean): void {
    const found = this.#partitions.get(idOf(topicPartition));
    if (found === undefined || found.paused === paused) return;
    found.paused = paused;
    if (paused) return;
    this.#ask();
    if (found.fetched !== undefined) this.#options.onFetched();
  }

  /** What is ready; the next of it is asked for. */
  take(): RecordCursor[] {
    const taken: RecordCursor[] = [];
    for (const partition of this.#partitions.values()) {
      if (partition.fetched === undefined || partition.paused) continue;
      taken.push(partition.fetched);
      partition.fetched = undefined;
    }
    if (taken.length > 0) this.#ask();
    return taken;
  }

  close(): void {
    this.#closing.abort();
    this.#partitions.clear();
  }

  #ask(): void {
    const wanted = new Map<BrokerAddress, FetchedPartition[]>();
    const leaderless: FetchedPartition[] = [];
    for (const partition of this.#partitions.values()) {
      if (partition.paused || partition.recovering || partition.fetched !== undefined) continue;
      const leader = this.#options.cluster.leader(partition);
      if (leader === undefined) leaderless.push(partition);
      else if (!this.#asked.has(leader.id)) wanted.set(leader, [...(wanted.get(leader) ?? []), partition]);
    }
    for (const [leader, partitions] of wanted) void this.#fetch(leader, partitions);
    if (leaderless.length > 0) void this.#recover(leaderless);
  }

  async #fetch(leader: BrokerAddress, partitions: readonly FetchedPartition[]): Promise<void> {
    const { availability, connections, limits } = this.#options;
    this.#asked.add(leader.id);
    const maxWaitMs = this.#holdsMore(leader, partitions.length) ? WAIT_BESIDE_MS : limits.maxWaitMs;
    try {
      const connection = await connections.to(leader);
      const response = await fetchRecords.async(connection, { ...limits, maxWaitMs, partitions });
      this.#deliver(partitions, response);
      if (response.throttleMs > 0) await this.#pause(response.throttleMs);
    } catch (error) {
      if (error instanceof LogError) this.#fail(error);
      else if (!this.#closing.signal.aborted) {
        availability.suspect((error as Error).message);
        await connections.drop(leader);
        void this.#recover(partitions);
      }
    } finally {
      this.#asked.delete(leader.id);
    }
    this.#ask();
  }

  /** Whether the broker leads more partitions than so many of those that may be fetched. */
  #holdsMore(leader: BrokerAddress, count: number): boolean {
    let led = 0;
    for (const partition of this.#partitions.values()) {
      if (!partition.paused && this.#options.cluster.leader(partition)?.id === leader.id) led++;
    }
    return led > count;
  }

  #deliver(asked: readonly FetchedPartition[], { errorCode, partitions }: FetchResponse): void {
    if (errorCode !== 0) throw new Error(`Fetch is answered with ${nameOf(errorCode)}`);
    const lost: FetchedPartition[] = [];
    let delivered = false;
    for (const response of partitions) {
      const partition = asked.find((one) => one.partition === response.partition && one.topic === response.topic);
      // Since it was asked for it may have been set anew, or taken away.
      if (partition === undefined || this.#partitions.get(idOf(partition)) !== partition) continue;
      if (response.errorCode === 0) delivered = this.#accept(partition, response) || delivered;
      else if (response.errorCode === OFFSET_OUT_OF_RANGE) void this.#startOver(partition);
      else if (passes(response.errorCode)) lost.push(partition);
      else if (response.errorCode === TOPIC_AUTHORIZATION_FAILED) {
        this.#fail(this.#options.denied(partition.topic, nameOf(response.errorCode)));
      } else {
        this.#fail(new LogError('LOG_IO', `cannot read ${idOf(partition)} from Kafka: ${nameOf(response.errorCode)}`));
      }
    }
    if (delivered) this.#options.onFetched();
    if (lost.length > 0) void this.#recover(lost);
  }

  #accept(partition: FetchedPartition, response: PartitionResponse): boolean {
    const { aborted, highWatermark, lastStableOffset, records } = response;
    this.#options.openTransactions.seen(partition, lastStableOffset, highWatermark);
    const whole = wholeBatches(records);
    if (whole === undefined) return false;
    const { offset: from, partition: number, topic } = partition;
    const { nextOffset, size } = whole;
    partition.fetched = new FetchedCursor(topic, number, records.subarray(0, size), from, nextOffset, aborted);
    partition.offset = nextOffset;
    return true;
  }

  /** Goes on at the start of the log: the records at the position were deleted. */
  async #startOver(partition: FetchedPartition): Promise<void> {
    partition.recovering = true;
    try {
      partition.offset = await this.#options.startOffset(partition);
    } catch (error) {
      this.#fail(error as Error);
    }
    partition.recovering = false;
    this.#ask();
  }

  /** Finds out who leads the partitions now. */
  async #recover(partitions: readonly FetchedPartition[]): Promise<void> {
    for (const partition of partitions) partition.recovering = true;
    await this.#pause(RETRY_MS);
    try {
      await this.#options.cluster.refresh();
    } catch (error) {
      this.#fail(error as Error);
    }
    for (const partition of partitions) partition.recovering = false;
    this.#ask();
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#closing.signal }).catch(() => {});
  }

  #fail(error: Error): void {
    if (this.#closing.signal.aborted) return;
    this.#failure ??= error;
    this.#partitions.clear();
    this.#options.onFetched();
  }
}

function nameOf(errorCode: number): string {
  return protocolErrorsCodesById[errorCode] ?? `error ${errorCode}`;
}

/** Whether it is an error of leaders that move, start or stop. */
function passes(errorCode: number): boolean {
  return protocolErrors[nameOf(errorCode)]?.canRetry ?? false;
}

function idOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
