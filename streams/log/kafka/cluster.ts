import type { Metadata } from '@confluentinc/kafka-javascript';
import type { TopicPartition } from '../log.js';

export interface BrokerAddress {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** A broker that lags behind the others does not know the newest topics. */
const FORGOTTEN_AFTER_MS = 15_000;

interface KnownTopic {
  readonly leaders: readonly (BrokerAddress | undefined)[];
  readonly seenAt: number;
}

/** What the brokers have last said of topics, and of which broker leads which partition. */
export class Cluster {
  readonly #ask: () => Promise<Metadata>;
  #topics: ReadonlyMap<string, KnownTopic> = new Map();
  #answeredAt = 0;
  #refreshing: Promise<void> | undefined;

  constructor(ask: () => Promise<Metadata>) {
    this.#ask = ask;
  }

  topics(): string[] {
    return [...this.#topics.keys()];
  }

  /** The number of partitions; undefined when there is no such topic. */
  partitions(topic: string): number | undefined {
    return this.#topics.get(topic)?.leaders.length;
  }

  /** Whether the last answer named the topic: it was not of a broker that lags behind. */
  isSeen(topic: string): boolean {
    return this.#topics.get(topic)?.seenAt === this.#answeredAt;
  }

  /** Undefined when the partition has none for now. */
  leader({ topic, partition }: TopicPartition): BrokerAddress | undefined {
    return this.#topics.get(topic)?.leaders[partition];
  }

  /** Asks the brokers again; those who ask meanwhile get the same answer. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const { brokers, topics } = await this.#ask();
    const addresses = new Map(brokers.map(({ id, host, port }) => [id, { id, host, port }]));
    const now = performance.now();
    const known = new Map([...this.#topics].filter(([, { seenAt }]) => now - seenAt < FORGOTTEN_AFTER_MS));
    for (const { name, partitions } of topics) {
      if (partitions.length === 0) continue;
      const leaders: (BrokerAddress | undefined)[] = new Array(partitions.length).fill(undefined);
      for (const { id, leader } of partitions) leaders[id] = addresses.get(leader);
      known.set(name, { leaders, seenAt: now });
    }
    this.#topics = known;
    this.#answeredAt = now;
  }
}
