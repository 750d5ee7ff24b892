import { setTimeout as delay } from 'node:timers/promises';
import { type Log, type LogConsumer, LogError } from '../../log/log.js';
import type { GroupMembers } from './group-members.js';

/** How often members tell each other that they are there. */
const ANNOUNCE_INTERVAL_MS = 1000;
const POLL_MS = 100;

/**
 * Tells the other members of a group of this one, and hears what they tell: once a second, and at once when a member comes or
 * this one's work has changed.
 */
export class Membership {
  readonly members: GroupMembers;
  readonly #log: Log;
  #consumer: LogConsumer | undefined;
  #hasChanged = false;
  #isOut = false;
  #failure: Error | undefined;
  #closed = false;
  #running: Promise<void> = Promise.resolve();

  constructor(log: Log, members: GroupMembers) {
    this.members = members;
    this.#log = log;
  }

  start(): void {
    this.#running = this.#run().catch((error: unknown) => {
      this.#failure = error as Error;
    });
  }

  /** @throws what stopped it */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** What this member does is other than what was announced. */
  changed(): void {
    this.#hasChanged = true;
  }

  /** Tells the others that this member goes. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    // Without brokers the others find out for themselves.
    await this.members.leave().catch((error: unknown) => {
      if (!(error instanceof LogError)) throw error;
    });
    await this.#consumer?.close();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      try {
        this.#consumer ??= await this.#hear();
        await this.members.announce();
        const until = performance.now() + ANNOUNCE_INTERVAL_MS;
        while (!this.#closed && performance.now() < until) {
          for (const cursor of await this.#consumer.poll(POLL_MS)) this.members.hear(cursor);
          const isNews = this.members.takeNewcomers() || this.#hasChanged;
          this.#hasChanged = false;
          if (isNews) await this.members.announce({ isExtra: true });
        }
        this.#isOut = false;
      } catch (error) {
        if (!(error instanceof LogError)) throw error;
        if (this.#closed) return;
        // Processing does not depend on it: what the log does not take or give now is tried again.
        if (!this.#isOut) process.emitWarning(`members of the group cannot be told or heard: ${error.message}`);
        this.#isOut = true;
        // One that has failed stays so.
        await this.#consumer?.close();
        this.#consumer = undefined;
        await delay(ANNOUNCE_INTERVAL_MS);
      }
    }
  }

  async #hear(): Promise<LogConsumer> {
    const { topicPartition } = this.members;
    const end = await this.#log.endOffset(topicPartition);
    const consumer = this.#log.consumer();
    consumer.assign(topicPartition, end);
    return consumer;
  }
}
