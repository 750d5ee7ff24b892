import type { Readable } from 'node:stream';

/** A pipe that has brought nothing for so long is taken to be empty. */
const SILENT_MS = 100;
/** A sender that goes on and on is not waited for. */
const LONGEST_MS = 1000;
/** As much as a pipe of Linux can be made to hold. */
const MOST_BYTES = 1024 * 1024;

/**
 * Reads what is in pipes when the reading is told to stop: nobody can read it again. A server that ends its log's reader
 * has written all before.
 */
export class LastPieces {
  readonly #stop: AbortSignal;
  readonly #over = new AbortController();
  readonly #open = new Set<Readable>();

  constructor(stop: AbortSignal) {
    this.#stop = stop;
    if (stop.aborted) this.#told();
    else stop.addEventListener('abort', () => this.#told(), { once: true });
  }

  /** Aborted when it was told to stop, and what was in the pipes has been handed on. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** @returns the pipe, which is closed when it was told to stop and nothing more is in it */
  opened<Pipe extends Readable>(pipe: Pipe): Pipe {
    this.#open.add(pipe);
    if (this.#stop.aborted) this.#endWhenEmpty(pipe);
    return pipe;
  }

  /** All that was read of the pipe has been handed on. */
  handedOn(pipe: Readable): void {
    this.#open.delete(pipe);
    if (this.#stop.aborted && this.#open.size === 0) this.#over.abort();
  }

  #told(): void {
    if (this.#open.size === 0) this.#over.abort();
    for (const pipe of this.#open) this.#endWhenEmpty(pipe);
  }

  #endWhenEmpty(pipe: Readable & { readonly bytesRead?: number }): void {
    const toldAt = performance.now();
    const before = pipe.bytesRead ?? 0;
    let read = before;
    const timer = setInterval(() => {
      const now = pipe.bytesRead ?? 0;
      const isEmpty = now === read && pipe.readableLength === 0;
      read = now;
      if (!isEmpty && now - before < MOST_BYTES && performance.now() - toldAt < LONGEST_MS) return;
      clearInterval(timer);
      pipe.destroy();
    }, SILENT_MS);
    pipe.once('close', () => clearInterval(timer));
  }
}
