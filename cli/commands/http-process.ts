import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ShownRules } from '../../api/serve.js';
import type { ServeChange, ServeReport, ServeTask } from '../../api/serve-process.js';
import { startBeside } from '../../app/process-beside.js';
import type { FileConfig } from '../../notify/config.js';
import { sayNotice } from '../terminal/notice-text.js';
import { say } from '../terminal/output.js';
import { safe } from '../terminal/safe-text.js';

const PROGRAM = fileURLToPath(new URL('../../api/serve-process.js', import.meta.url));
const RESTART_AFTER_MS = 1_000;
const MAX_RESTARTS = 5;
/** One that ran for so long was not bound to fail. */
const RAN_WELL_MS = 60_000;
const CLOSE_WITHIN_MS = 3_000;

/** The HTTP server beside a pipeline: a process of its own, which ends with this one. The pipeline runs on without it. */
export class HttpProcess {
  #task: ServeTask;
  readonly #onUrl: (url: string) => void;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #closing = false;
  #restarts = 0;
  #isTold = false;

  /** @param onUrl called when it listens */
  constructor(task: ServeTask, onUrl: (url: string) => void) {
    this.#task = task;
    this.#onUrl = onUrl;
    this.#start();
  }

  /** Whom incidents are told from now on. */
  useAlerts(alerts: FileConfig): void {
    this.#task = { ...this.#task, alerts };
    this.#tell({ alerts });
  }

  /** What it says from now on that the pipeline goes by. */
  useRules(rules: ShownRules): void {
    this.#task = { ...this.#task, ...rules };
    this.#tell({ rules });
  }

  #tell(change: ServeChange): void {
    if (this.#child?.connected) this.#child.send(change, () => {});
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#child?.connected) this.#child.disconnect();
    // It is waited for, also when nothing else goes on.
    this.#child?.ref();
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), CLOSE_WITHIN_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #start(): void {
    const startedAt = performance.now();
    let failure: string | undefined;
    const { child, exited } = startBeside<ServeReport>(PROGRAM, this.#task, {
      onReport: (report) => {
        if (report.kind === 'failed') failure = report.message;
        else if (report.kind === 'notice') sayNotice(report.notice);
        else this.#listens(report);
      },
      onExit: (how) => {
        if (!this.#closing) void this.#startAgain(failure ?? `it ended by ${how}`, startedAt);
      },
    });
    this.#child = child;
    this.#exited = exited;
  }

  #listens({ setupUrl, url }: Extract<ServeReport, { kind: 'listening' }>): void {
    this.#onUrl(url);
    if (this.#isTold && setupUrl === undefined) return;
    this.#isTold = true;
    say(safe`dashboard: ${setupUrl ?? url}`);
    if (!this.#task.auth) say(safe`--no-auth: anybody on this machine may see and change all of it`);
  }

  async #startAgain(why: string, startedAt: number): Promise<void> {
    if (performance.now() - startedAt > RAN_WELL_MS) this.#restarts = 0;
    if (++this.#restarts > MAX_RESTARTS) {
      say(safe`no dashboard: ${why}; the pipeline runs on. \`millrace serve\` starts one`);
      return;
    }
    if (this.#restarts === 1) say(safe`the dashboard's process has ended (${why}); it is started again`);
    await delay(RESTART_AFTER_MS * this.#restarts, undefined, { ref: false });
    if (!this.#closing) this.#start();
  }
}
