import { ProducerError } from '../producer-error.js';

/** What a transport has received, and what becomes of it when it is in the log. */
interface Waiting<Batch> {
  readonly batch: Batch;
  readonly sizeBytes: number;
  resolve(): void;
  reject(error: unknown): void;
}

export interface CommitQueueOptions<Batch> {
  /** Makes batches durable, all or none: what has come since the commit before is one commit. */
  commit(batches: readonly Batch[]): Promise<void>;
  /** What waits at most, in bytes as they were received; what comes then is turned away. */
  readonly mostBytes?: number;
  /** What one commit has at most, but for a batch that is larger by itself. */
  readonly commitBytes?: number;
}

const MAX_BYTES = 128 * 1024 * 1024;
const COMMIT_BYTES = 16 * 1024 * 1024;

/**
 * Where what comes over the network waits for the log. A sender is answered when what it sent is durable; when too much
 * waits it is told to come again, so that nothing is lost here, and memory is bounded.
 */
export class CommitQueue<Batch> {
  readonly #options: Required<CommitQueueOptions<Batch>>;
  #waiting: Waiting<Batch>[] = [];
  #waitingBytes = 0;
  #committing: Promise<void> | undefined;
  #roomFor: (() => void)[] = [];
  #isClosed = false;

  constructor({ commit, commitBytes = COMMIT_BYTES, mostBytes = MAX_BYTES }: CommitQueueOptions<Batch>) {
    this.#options = { commit, commitBytes, mostBytes };
  }

  /** Whether more may come; what does not fit is turned away. */
  get hasRoom(): boolean {
    return !this.#isClosed && this.#waitingBytes < this.#options.mostBytes;
  }

  /** For senders that can only be held up: resolves when there is room, or it is closed. */
  async room(): Promise<void> {
    while (!this.#isClosed && !this.hasRoom) {
      await new Promise<void>((resolve) => {
        this.#roomFor.push(resolve);
      });
    }
  }

  /**
   * Resolves when the batch is durable.
   *
   * @throws ProducerError QUEUE_FULL when too much waits, QUEUE_CLOSED at the end: nothing of it is taken; LogError what the
   *   commit failed with
   */
  take(batch: Batch, sizeBytes: number): Promise<void> {
    if (this.#isClosed) return Promise.reject(new ProducerError('QUEUE_CLOSED', 'nothing is taken any more'));
    if (!this.hasRoom) {
      const waiting = Math.round(this.#waitingBytes / 2 ** 20);
      return Promise.reject(new ProducerError('QUEUE_FULL', `${waiting} MiB wait for the log; send it again later`));
    }
    const taken = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ batch, sizeBytes, resolve, reject });
    });
    this.#waitingBytes += sizeBytes;
    this.#committing ??= this.#commitAll();
    return taken;
  }

  /** Takes nothing more; resolves when what was taken is durable, or has failed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#tellRoom();
    await this.#committing;
  }

  async #commitAll(): Promise<void> {
    // What is handed over in the same turn goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const together = this.#next();
      try {
        await this.#options.commit(together.map(({ batch }) => batch));
        for (const { resolve } of together) resolve();
      } catch (error) {
        for (const { reject } of together) reject(error);
      }
      for (const { sizeBytes } of together) this.#waitingBytes -= sizeBytes;
      this.#tellRoom();
    }
    this.#committing = undefined;
  }

  #next(): readonly Waiting<Batch>[] {
    let bytes = 0;
    let count = 0;
    for (const { sizeBytes } of this.#waiting) {
      if (count > 0 && bytes + sizeBytes > this.#options.commitBytes) break;
      bytes += sizeBytes;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  #tellRoom(): void {
    for (const tell of this.#roomFor.splice(0)) tell();
  }
}
