import { type Log, LogError, type TopicPartition } from '../../log/log.js';

/** What was asked of instances is of no use soon after. */
const RETENTION_MS = 3_600_000;
const ASK_EVERY_MS = 1000;

/**
 * By these an instance shuts down all instances of its application: a record in the topic `<application>-shutdown`, which
 * each of them looks at once a second. What was asked for before an instance started is not for it.
 */
export class ShutdownRequests {
  readonly #log: Log;
  readonly #topicPartition: TopicPartition;
  readonly #before: number;
  #askedAt = Number.NEGATIVE_INFINITY;
  #isAsking = false;
  #isRequested = false;

  private constructor(log: Log, topicPartition: TopicPartition, before: number) {
    this.#log = log;
    this.#topicPartition = topicPartition;
    this.#before = before;
  }

  /** @throws LogError */
  static async watch(log: Log, applicationId: string): Promise<ShutdownRequests> {
    const topicPartition = { topic: `${applicationId}-shutdown`, partition: 0 };
    await log.ensureTopic(topicPartition.topic, { partitions: 1, retentionMs: RETENTION_MS });
    return new ShutdownRequests(log, topicPartition, await log.endOffset(topicPartition, { settled: true }));
  }

  /** Whether one has come, as far as is known; it is asked for again in the background when that is a while ago. */
  isRequested(nowMs: number): boolean {
    if (!this.#isAsking && nowMs - this.#askedAt >= ASK_EVERY_MS) {
      this.#askedAt = nowMs;
      this.#isAsking = true;
      void this.#ask().finally(() => {
        this.#isAsking = false;
      });
    }
    return this.#isRequested;
  }

  /** @param instance who asks, for whoever reads the topic */
  async request(instance: string, why: string): Promise<void> {
    const transaction = this.#log.transaction();
    const { partition, topic } = this.#topicPartition;
    transaction.append(topic, partition, Date.now(), Buffer.from(instance), Buffer.from(why));
    await transaction.commit();
  }

  async #ask(): Promise<void> {
    try {
      this.#isRequested = (await this.#log.endOffset(this.#topicPartition)) > this.#before;
    } catch (error) {
      // It is asked again; the work itself reports what is wrong with the log.
      if (!(error instanceof LogError)) throw error;
    }
  }
}
