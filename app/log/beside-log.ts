import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { type Log, LogError } from '@millrace/streams';

/** How long closing waits for what is being written. */
const CLOSE_WITHIN_MS = 2000;

/** A log with a producer of its own, opened when it is first used. */
export class BesideLog {
  readonly #open: () => Promise<Log>;
  readonly #pending = new Set<Promise<void>>();
  #opening: Promise<Log> | undefined;
  #closed = false;

  constructor(open: () => Promise<Log>) {
    this.#open = open;
  }

  /** Closing waits a little for what the work does. @throws LogError LOG_CLOSED; what opening and the work throw */
  async use(work: (log: Log) => Promise<void>): Promise<void> {
    if (this.#closed) throw new LogError('LOG_CLOSED', 'what is written beside the work has ended');
    const working = this.#use(work);
    const settled = working.catch(() => {});
    this.#pending.add(settled);
    void settled.finally(() => this.#pending.delete(settled));
    return working;
  }

  /** In bounded time: what is not written by then is not written. */
  async close(): Promise<void> {
    const timer = new AbortController();
    const isLate = delay(CLOSE_WITHIN_MS, true, { signal: timer.signal }).catch(() => true);
    let waits = this.#pending.size > 0;
    while (waits) {
      const late = await Promise.race([isLate, Promise.all(this.#pending).then(() => false)]);
      // Who was waited for may have more to write.
      await turn();
      waits = !late && this.#pending.size > 0;
    }
    timer.abort();
    this.#closed = true;
    const log = await this.#opening?.catch(() => undefined);
    await log?.close();
  }

  async #use(work: (log: Log) => Promise<void>): Promise<void> {
    this.#opening ??= this.#open();
    try {
      await work(await this.#opening);
    } catch (error) {
      // What could not be opened is opened anew the next time.
      const opened = await this.#opening?.catch(() => undefined);
      if (opened === undefined) this.#opening = undefined;
      throw error;
    }
  }
}
