import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Notify } from '../notice.js';
import { startBeside } from '../process-beside.js';
import type { LakeOrder, LakeReport, LakeTask } from './lake-process.js';
import type { LakeRetention } from './lake-upkeep.js';

const PROGRAM = fileURLToPath(new URL('lake-process.js', import.meta.url));
const RESTART_AFTER_MS = 5_000;
const MAX_RESTARTS = 3;
/** What is not stored by then is stored at the next start. */
const ENDS_WITHIN_MS = 30_000;

/** Stores what a pipeline reads and finds, in a process of its own. The pipeline runs on without it. */
export class LakeBeside {
  #task: LakeTask;
  readonly #onNotice: Notify;
  #child: ChildProcess;
  #exited: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #restarts = 0;
  #closing = false;

  constructor(task: LakeTask, onNotice: Notify) {
    this.#task = task;
    this.#onNotice = onNotice;
    this.#child = this.#start();
  }

  /** Stores what is there by now, and ends. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#timer);
    this.#tell('end');
    // It is waited for, also when nothing else goes on.
    this.#child.ref();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), ENDS_WITHIN_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  /** What it keeps from now on. */
  useRetention(retention: LakeRetention): void {
    this.#task = { ...this.#task, retention };
    this.#tell({ retention });
  }

  #tell(order: LakeOrder): void {
    if (this.#child.connected) this.#child.send(order, () => {});
  }

  #start(): ChildProcess {
    let failure: string | undefined;
    const { child, exited } = startBeside<LakeReport>(PROGRAM, this.#task, {
      onReport: (report) => {
        if (report.kind === 'failed') failure = report.message;
        else if (report.kind === 'notice') this.#onNotice(report.notice);
      },
      onExit: (how) => {
        if (!this.#closing) this.#startAgain(failure ?? `its process ended by ${how}`);
        else if (failure !== undefined) this.#onNotice({ kind: 'lake', message: `the lake: ${failure}` });
      },
    });
    this.#exited = exited;
    return child;
  }

  #startAgain(why: string): void {
    if (++this.#restarts > MAX_RESTARTS) {
      const message = `the lake: ${why}; nothing more is stored until the next start, and the pipeline runs on`;
      this.#onNotice({ kind: 'lake', message });
      return;
    }
    this.#timer = setTimeout(() => {
      this.#child = this.#start();
    }, RESTART_AFTER_MS);
    this.#timer.unref();
  }
}
