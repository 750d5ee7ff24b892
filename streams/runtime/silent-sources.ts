import { ignoreLogErrors } from './log-failures.js';
import type { StreamThreadConfig } from './stream-thread-config.js';
import type { Task } from './task/task.js';

/** How often it is asked whether partitions that are silent are at their end, where that is a request. */
const ENDS_POLL_MS = 1000;

/** Finds out which silent sources are at their end. */
export class SilentSources {
  readonly #config: StreamThreadConfig;
  #asked: Promise<void> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(config: StreamThreadConfig) {
    this.#config = config;
  }

  /**
   * Called at each commit. Where this process alone reads the log the ends are known then: nothing comes any more that was
   * appended before what others have been processed of. Elsewhere they are asked for, and not waited for.
   */
  async findEnds(tasks: readonly Task[]): Promise<void> {
    const { log, monotonicMs, time } = this.#config;
    const silent = tasks.flatMap((task) => task.silentTopics(time).map((topic) => ({ task, topic })));
    if (silent.length === 0) return;
    const find = async () => {
      await Promise.all(
        silent.map(async ({ task, topic }) => {
          task.endsAt(topic, await log.endOffset({ topic, partition: task.partition }));
        }),
      );
    };
    if (log.singleOwner) return find();
    if (this.#asked !== undefined || monotonicMs() - this.#askedAt < ENDS_POLL_MS) return;
    this.#askedAt = monotonicMs();
    this.#asked = find()
      .catch(ignoreLogErrors)
      .finally(() => {
        this.#asked = undefined;
      });
  }

  /** Resolves when nothing is being asked. */
  async settle(): Promise<void> {
    await this.#asked;
  }
}
