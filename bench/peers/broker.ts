import { setTimeout as delay } from 'node:timers/promises';
import kafka, { type IAdminClient, type Metadata } from '@confluentinc/kafka-javascript';
import { call } from '@millrace/streams/kafka';

const REQUEST_MS = 10_000;
const POLL_MS = 100;

/** It has what every client has, which its type declarations leave out. */
type AdminClient = IAdminClient & Pick<kafka.KafkaConsumer, 'getMetadata'>;

/** Offsets by topic and partition. */
export type Offsets = ReadonlyMap<string, number>;

/** What a broker tells of the progress that others make. */
export class Broker {
  readonly #admin: AdminClient;

  constructor(brokers: string) {
    this.#admin = kafka.AdminClient.create({ 'bootstrap.servers': brokers }) as AdminClient;
  }

  /** Numbers of partitions by topic, without the broker's own topics. */
  async topics(): Promise<ReadonlyMap<string, number>> {
    const { topics } = await call<Metadata>((done) => this.#admin.getMetadata({ timeout: REQUEST_MS }, done));
    return new Map(
      topics.filter(({ name }) => !name.startsWith('__')).map(({ name, partitions }) => [name, partitions.length]),
    );
  }

  /** How far readers of committed records get in the topics. */
  async ends(topics: ReadonlyMap<string, number>): Promise<Offsets> {
    const asked = [...topics].flatMap(([topic, partitions]) =>
      Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: kafka.OffsetSpec.LATEST })),
    );
    const options = { timeout: REQUEST_MS, isolationLevel: kafka.IsolationLevel.READ_COMMITTED };
    const results = await call<kafka.ListOffsetsResult[]>((done) => this.#admin.listOffsets(asked, options, done));
    return new Map(results.map(({ topic, partition, offset }) => [idOf(topic, partition), offset]));
  }

  /** What a group has committed. */
  async committed(group: string): Promise<Offsets> {
    const results = await call<kafka.GroupResults[]>((done) =>
      this.#admin.listConsumerGroupOffsets([{ groupId: group }], { timeout: REQUEST_MS }, done),
    );
    return new Map(
      (results[0]?.partitions ?? []).map(({ topic, partition, offset }) => [idOf(topic, partition), offset]),
    );
  }

  /** Resolves when they are gone. */
  async deleteTopics(topics: readonly string[]): Promise<void> {
    for (const topic of topics) await call<void>((done) => this.#admin.deleteTopic(topic, REQUEST_MS, done));
    for (;;) {
      const left = await this.topics();
      if (!topics.some((topic) => left.has(topic))) return;
      await delay(POLL_MS);
    }
  }

  close(): void {
    this.#admin.disconnect();
  }
}

function idOf(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}
