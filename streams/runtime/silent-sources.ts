import { ignoreLogErrors } from './log-failures.js';
import type { StreamThreadConfig } from './stream-thread-config.js';
import type { Task } from './task/task.js';

/** How often it is asked whether partitions that are silent are at their end, where that is a request. */
const ENDS_POLL_MS = 250;
/**
 * So many answers are told after the last progress of any input: one may be told just before others read of the progress,
 * one beside it, and the second after that is of a time after it.
 */
const ANSWERS = 4;

/** Finds out which silent sources are at their end. */
export class SilentSources {
  readonly #config: StreamThreadConfig;
  #asked: Promise<void> | undefined;
  /** How far any input of this process has come. */
  #reached = -1;
  #answersOwed = 0;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(config: StreamThreadConfig) {
    this.#config = config;
  }

  /**
   * Called at each commit. Where this process alone reads the log the ends are known then: nothing comes any more that was
   * appended before what others have been processed of. Elsewhere they are asked for, and not waited for; then they are
   * asked for again and again while anything moves, for each answer holds for what was there when it was asked for.
   */
  async findEnds(tasks: readonly Task[]): Promise<void> {
    const { log, monotonicMs, time } = this.#config;
    const reached = Math.max(...tasks.map((task) => task.time.reached));
    if (reached > this.#reached) this.#answersOwed = ANSWERS;
    this.#reached = Math.max(this.#reached, reached);
    const silent = tasks.flatMap((task) => task.inputs.silent(time).map((topic) => ({ task, topic })));
    if (silent.length === 0) return;
    const find = async () => {
      await Promise.all(
        silent.map(async ({ task, topic }) => {
          const asked = task.time.reached;
          task.inputs.endsAt(topic, await log.endOffset({ topic, partition: task.partition }), asked);
        }),
      );
    };
    if (log.singleOwner) return find();
    if (this.#asked !== undefined || monotonicMs() - this.#askedAt < ENDS_POLL_MS) return;
    if (this.#answersOwed === 0 && silent.every(({ task, topic }) => task.time.source(topic)?.isAtEnd)) return;
    this.#askedAt = monotonicMs();
    this.#asked = find()
      .then(() => {
        this.#answersOwed = Math.max(0, this.#answersOwed - 1);
      })
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
