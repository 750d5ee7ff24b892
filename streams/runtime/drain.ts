import type { Topology } from '../topology/topology.js';
import type { CommitCycle } from './commit-cycle.js';
import type { TaskManager } from './task/task-manager.js';

/** How long the end of the log is waited for before it is asked again how far that is. */
const LAG_POLL_MS = 20;

export interface DrainOptions {
  readonly topology: Topology;
  readonly tasks: TaskManager;
  readonly commits: CommitCycle;
  /** Whether other processes have a part of the tasks, or may have. */
  readonly isShared: boolean;
  runOnce(maxWaitMs: number): Promise<number>;
  /** Records that are still to be processed. */
  lag(): Promise<number>;
}

/** Comes to the end of the input. */
export class Drain {
  readonly #options: DrainOptions;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  /** Processes everything that the log holds, and commits it; where a group has other members, once they are gone. */
  async runToEnd(): Promise<void> {
    const { commits, isShared, runOnce, tasks } = this.#options;
    const lag = () => this.#options.lag();
    for (let waitMs = 0; ; ) {
      while ((await runOnce(waitMs)) > 0);
      if (isShared && (await lag()) > 0) {
        waitMs = LAG_POLL_MS;
        continue;
      }
      await commits.commit();
      await commits.settle();
      // A commit moves the watermark of tasks that others feed.
      const punctuationIsDue = tasks.all.some((task) => task.streamPunctuationIsDue);
      if (!punctuationIsDue && tasks.isWhole && (await lag()) === 0) return;
      waitMs = punctuationIsDue ? 0 : LAG_POLL_MS;
    }
  }

  /** Closes every window, sub-topology by sub-topology. */
  async run(): Promise<void> {
    const { tasks, topology } = this.#options;
    await this.runToEnd();
    for (const { id } of topology.subTopologies) {
      for (const task of tasks.bySubTopology[id] ?? []) task.drain();
      await this.runToEnd();
    }
    // Whatever comes now may be for windows that are closed.
    for (const task of tasks.all) task.resumeBehind();
  }
}
