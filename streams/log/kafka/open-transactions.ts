import type { TopicPartition } from '../log.js';

/** Longer than most transactions are open; those of Millrace end within 10 s. */
const TOLD_AFTER_MS = 30_000;

interface OpenTransaction {
  readonly stableOffset: number;
  readonly since: number;
  isTold: boolean;
}

export interface OpenTransactionsOptions {
  /** Comma-separated `host:port`. */
  readonly brokers: string;
  readonly say: (message: string) => void;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

/**
 * Tells the user when a partition cannot be read any further because a transaction stays open in it. Kafka ends the
 * transactions of producers that are gone; where the mark of the end was lost, as Kafka 4.3 and 4.4 can lose it when a
 * broker starts, readers of committed records wait for ever.
 */
export class OpenTransactions {
  readonly #options: OpenTransactionsOptions;
  readonly #now: () => number;
  readonly #open = new Map<string, OpenTransaction>();
  #isExplained = false;

  constructor(options: OpenTransactionsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /**
   * Takes what a broker has said of a partition.
   *
   * @param stableOffset where the first open transaction begins, or the end
   * @param endOffset the end, whether committed or not
   */
  seen({ topic, partition }: TopicPartition, stableOffset: number, endOffset: number): void {
    if (stableOffset >= endOffset && this.#open.size === 0) return;
    const id = `${topic}-${partition}`;
    const known = this.#open.get(id);
    if (known?.stableOffset === stableOffset && stableOffset < endOffset) {
      if (!known.isTold && this.#now() - known.since >= TOLD_AFTER_MS) this.#tell(topic, partition, known);
      return;
    }
    if (known?.isTold) this.#options.say(`${id} can be read on: the transaction has ended`);
    if (stableOffset >= endOffset) this.#open.delete(id);
    else this.#open.set(id, { stableOffset, since: this.#now(), isTold: false });
  }

  #tell(topic: string, partition: number, open: OpenTransaction): void {
    open.isTold = true;
    const { brokers, say } = this.#options;
    const { stableOffset } = open;
    const place = `${topic}-${partition} cannot be read beyond offset ${stableOffset}`;
    if (this.#isExplained) {
      say(`${place} either`);
      return;
    }
    this.#isExplained = true;
    const seconds = Math.round((this.#now() - open.since) / 1000);
    const tool = `kafka-transactions.sh --bootstrap-server ${brokers}`;
    const at = `--topic ${topic} --partition ${partition}`;
    say(
      `${place}: a transaction has been open there for ${seconds} s. If its producer is gone, Kafka has lost the mark ` +
        `that ends it: see "${tool} describe-producers ${at}", and end it by ` +
        `"${tool} abort ${at} --start-offset ${stableOffset}"`,
    );
  }
}
