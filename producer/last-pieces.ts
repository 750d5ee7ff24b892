import type { Readable } from 'node:stream';

const LOOK_EVERY_MS = 50;
/** A pipe that has brought nothing between so many looks is taken to be empty. */
const SILENT_LOOKS = 2;
/** A sender that goes on and on is not waited for: so often is looked while what it sends is handed on at once. */
const MOST_LOOKS = 20;
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
    else stop.addEventListener('abort', this.#told, { once: true });
  }

  /** Nothing is read any more. */
  close(): void {
    this.#stop.removeEventListener('abort', this.#told);
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

  readonly #told = (): void => {
    if (this.#open.size === 0) this.#over.abort();
    for (const pipe of this.#open) this.#endWhenEmpty(pipe);
  };

  #endWhenEmpty(pipe: Readable & { readonly bytesRead?: number }): void {
    const before = pipe.bytesRead ?? 0;
    let read = before;
    let silent = 0;
    let looks = 0;
    const look = () => {
      if (pipe.destroyed) return;
      const now = pipe.bytesRead ?? 0;
      // What waits to be handed on is of what was there, and is not for the sender to bring.
      if (pipe.readableLength === 0) looks++;
      silent = now === read && pipe.readableLength === 0 ? silent + 1 : 0;
      read = now;
      if (silent >= SILENT_LOOKS || looks >= MOST_LOOKS || now - before >= MOST_BYTES) pipe.destroy();
      else lookLater();
    };
    // On a busy machine much time may pass in which nothing could be read: what the pipe has by then is read before the look.
    const lookLater = () => setTimeout(() => setImmediate(look), LOOK_EVERY_MS);
    lookLater();
  }
}
