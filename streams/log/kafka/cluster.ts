import type { Metadata } from '@confluentinc/kafka-javascript';
import type { TopicPartition } from '../log.js';

export interface BrokerAddress {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** What the brokers have last said of topics, and of which broker leads which partition. */
export class Cluster {
  readonly #ask: () => Promise<Metadata>;
  #leaders: ReadonlyMap<string, readonly (BrokerAddress | undefined)[]> = new Map();
  #refreshing: Promise<void> | undefined;

  constructor(ask: () => Promise<Metadata>) {
    this.#ask = ask;
  }

  topics(): string[] {
    return [...this.#leaders.keys()];
  }

  /** The number of partitions; undefined when there is no such topic. */
  partitions(topic: string): number | undefined {
    return this.#leaders.get(topic)?.length;
  }

  /** Undefined when the partition has none for now. */
  leader({ topic, partition }: TopicPartition): BrokerAddress | undefined {
    return this.#leaders.get(topic)?.[partition];
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
    this.#leaders = new Map(
      topics
        .filter(({ partitions }) => partitions.length > 0)
        .map(({ name, partitions }) => {
          const leaders: (BrokerAddress | undefined)[] = new Array(partitions.length).fill(undefined);
          for (const { id, leader } of partitions) leaders[id] = addresses.get(leader);
          return [name, leaders];
        }),
    );
  }
}
