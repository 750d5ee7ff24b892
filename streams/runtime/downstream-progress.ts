import { ignoreLogErrors } from './log-failures.js';
import type { StreamThreadConfig } from './stream-thread-config.js';
import type { Task } from './task/task.js';

/** Tasks that were absent ask how far those are that they feed. */
export class DownstreamProgress {
  readonly #config: StreamThreadConfig;
  #asked: Promise<void> | undefined;

  constructor(config: StreamThreadConfig) {
    this.#config = config;
  }

  /** Called when a commit is durable; nobody waits for it. What fails is asked again after the next commit. */
  ask(tasks: readonly Task[]): void {
    if (this.#asked !== undefined) return;
    const { applicationId, log } = this.#config;
    const sinks = tasks.flatMap(({ repartitionSinks }) => repartitionSinks);
    this.#asked = Promise.all(sinks.map((sink) => sink.catchUp((one) => log.committed(applicationId, one))))
      .then(() => {}, ignoreLogErrors)
      .finally(() => {
        this.#asked = undefined;
      });
  }

  /** Resolves when nothing is being asked. */
  async settle(): Promise<void> {
    await this.#asked;
  }
}
