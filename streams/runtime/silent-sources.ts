import { ignoreLogErrors } from './log-failures.js';
import type { StreamThreadConfig } from './stream-thread-config.js';
import type { Task } from './task/task.js';

/** How often it is asked whether partitions that are silent are at their end, where that is a request. */
const ENDS_POLL_MS = 250;
/** How often while nothing is to be learned of it: a log that is away is noticed by what is asked of it. */
const QUIET_POLL_MS = 1000;
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
    const furthest = Math.max(...tasks.map((task) => task.time.reached));
    if (furthest > this.#reached) this.#answersOwed = ANSWERS;
    this.#reached = Math.max(this.#reached, furthest);
    const silent = tasks.flatMap((task) => task.inputs.silent(time).map((topic) => ({ task, topic })));
    if (silent.length === 0) return;
    // Where asking costs nothing nothing is left out.
    const isKnown =
      !log.singleOwner &&
      this.#answersOwed === 0 &&
      silent.every(({ task, topic }) => task.time.source(topic)?.isAtEnd);
    const find = async () => {
      // One is enough to notice, and holds one thread where many would hold all.
      const asked = isKnown ? silent.slice(0, 1) : silent;
      await Promise.all(
        asked.map(async ({ task, topic }) => {
          const { reached } = task.time;
          const end = await log.endOffset({ topic, partition: task.partition });
          if (!isKnown) task.inputs.endsAt(topic, end, reached);
        }),
      );
    };
    if (log.singleOwner) return find();
    const intervalMs = isKnown ? QUIET_POLL_MS : ENDS_POLL_MS;
    if (this.#asked !== undefined || monotonicMs() - this.#askedAt < intervalMs) return;
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
