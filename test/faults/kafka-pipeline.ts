import { join } from 'node:path';
import { KafkaLog } from '@millrace/streams/kafka';
import { expect } from 'vitest';
import { ConfluentRegistry } from '../../schemas/confluent-registry.js';
import type { AccessLog } from '../../schemas/records.js';
import { DEFAULT_GOAL_CONFIG } from '../../topology/goals/goal-config.js';
import { type GoalSerdes, registerSerdes } from '../../topology/serdes.js';
import { Millrace, temporaryDirectory } from '../integration/millrace.js';
import { expectSameGoals } from '../reference/expect-goals.js';
import { referenceGoals } from '../reference/goals.js';
import { appendEvents, partitioned, readGoals } from '../reference/run-goals.js';
import { type Services, startServices } from '../services/services.js';
import { until } from '../until.js';

const PARTITIONS = 4;
const FEED_EVENTS = 500;
const config = DEFAULT_GOAL_CONFIG;

/** The goals on a broker of their own, run by `millrace start` in any number of processes. */
export class KafkaPipeline {
  readonly #processes: Millrace[] = [];
  #written = 0;

  private constructor(
    readonly services: Services,
    readonly events: readonly AccessLog[],
    readonly directory: Awaited<ReturnType<typeof temporaryDirectory>>,
    readonly log: KafkaLog,
    readonly registry: ConfluentRegistry,
    readonly serdes: GoalSerdes,
  ) {}

  static async create(events: readonly AccessLog[]): Promise<KafkaPipeline> {
    const services = await startServices(['kafka', 'registry']);
    const { brokers, registryUrl } = services.addresses;
    const log = await KafkaLog.open({ brokers });
    const registry = new ConfluentRegistry({ url: registryUrl });
    for (const [id, topic] of Object.entries(config.topics)) {
      await log.ensureTopic(topic, { partitions: id === 'deadLetters' ? 1 : PARTITIONS });
    }
    const serdes = await registerSerdes(registry, config.topics);
    return new KafkaPipeline(services, events, await temporaryDirectory(), log, registry, serdes);
  }

  start(...args: readonly string[]): Millrace {
    const { brokers, registryUrl } = this.services.addresses;
    const place = ['--brokers', brokers, '--registry', registryUrl, '--data-dir', join(this.directory.path, 'data')];
    const running = new Millrace(['start', ...place, ...args]);
    this.#processes.push(running);
    return running;
  }

  /** Writes the next events to the raw topic. */
  async feed(count: number): Promise<void> {
    for (const end = this.#written + count; this.#written < end; this.#written += FEED_EVENTS) {
      const events = this.events.slice(this.#written, this.#written + FEED_EVENTS);
      await appendEvents(this.log, config, this.serdes, events);
    }
  }

  /** How many events are left to be fed. */
  get left(): number {
    return this.events.length - this.#written;
  }

  async feedRest(): Promise<void> {
    await this.feed(this.left);
  }

  /** Of each partition of the raw topic: how far it is processed, and how far it reaches. */
  progress(): Promise<readonly { readonly committed: number; readonly end: number }[]> {
    return Promise.all(
      Array.from({ length: PARTITIONS }, async (_, partition) => {
        const topicPartition = { topic: config.topics.accessLog, partition };
        const committed = await this.log.committed('millrace', topicPartition);
        return { committed: committed?.offset ?? 0, end: await this.log.endOffset(topicPartition) };
      }),
    );
  }

  /** Resolves when all that was fed is processed. */
  async caughtUp(): Promise<void> {
    let processed = 0;
    await until(
      async () => {
        const partitions = await this.progress();
        processed = partitions.reduce((sum, { committed }) => sum + committed, 0);
        // A commit's mark stands behind the last record.
        return partitions.every(({ committed, end }) => committed >= end - 1) || undefined;
      },
      { progress: () => processed, patienceMs: 60_000 },
    );
  }

  /** Closes every window, and compares all results with those of a plain computation. */
  async expectReferenceResults(): Promise<void> {
    expect(this.#written).toBe(this.events.length);
    const last = await this.start('--once').finished;
    expect(last.code, last.stderr).toBe(0);
    const actual = await readGoals(this.log, config, this.serdes);
    const expected = referenceGoals(partitioned(this.events, PARTITIONS), { graceMs: 5000 });
    expectSameGoals(actual, expected);
    expect(actual.records[3]).toBe(expected.goal3.size);
    expect(actual.records[4]).toBe(expected.goal4.size);
  }

  async close(): Promise<void> {
    for (const running of this.#processes) await running.kill('SIGKILL');
    this.registry.close();
    await this.log.close();
    await this.directory.remove();
    await this.services.close();
  }
}
