import { setTimeout as delay } from 'node:timers/promises';
import { type Log, LogError } from '@millrace/streams';
import type { EventBatch } from '../log-source.js';
import type { RawTopicWriter } from '../raw-topic-writer.js';
import { CommitQueue } from './commit-queue.js';
import { DeliveryLedger } from './delivery-ledger.js';
import { type DeliveryId, type Sink, together } from './sink.js';

/** An aborted transaction has written nothing: it is tried so often. */
const TRIES = 5;
const RETRY_MS = 200;

interface Delivery {
  readonly events: EventBatch;
  readonly id: DeliveryId | undefined;
}

/** Writes what transports have received: many deliveries at a time in a transaction, each once. */
export class LogSink implements Sink {
  readonly #writer: RawTopicWriter;
  readonly #ledger: DeliveryLedger;
  readonly #queue: CommitQueue<Delivery>;

  private constructor(writer: RawTopicWriter, ledger: DeliveryLedger) {
    this.#writer = writer;
    this.#ledger = ledger;
    this.#queue = new CommitQueue({ commit: (deliveries) => this.#commit(deliveries) });
  }

  /** @throws LogError */
  static async open(log: Log, writer: RawTopicWriter): Promise<LogSink> {
    return new LogSink(writer, await DeliveryLedger.open(log));
  }

  take(events: EventBatch, sizeBytes: number, id?: DeliveryId): Promise<void> {
    return this.#queue.take({ events, id }, sizeBytes);
  }

  room(): Promise<void> {
    return this.#queue.room();
  }

  /** Takes nothing more; resolves when what was taken is durable. */
  async close(): Promise<void> {
    await this.#queue.close();
    await this.#ledger.close();
    await this.#writer.settle();
  }

  async #commit(deliveries: readonly Delivery[]): Promise<void> {
    for (let tried = 1; ; tried++) {
      await this.#ledger.look();
      const ids: string[] = [];
      const fresh: EventBatch[] = [];
      for (const { events, id } of deliveries) {
        if (id !== undefined) {
          const isKnown = this.#ledger.has(id.text) || ids.includes(id.text);
          if (isKnown && id.mayBeRepeated) continue;
          ids.push(id.text);
        }
        fresh.push(events);
      }
      if (fresh.length === 0) return;
      try {
        await this.#writer.writeEvents(together(fresh), (transaction) => this.#ledger.append(transaction, ids));
        this.#ledger.note(ids);
        return;
      } catch (error) {
        const isAborted = error instanceof LogError && error.code === 'TRANSACTION_ABORTED';
        if (!isAborted || tried >= TRIES) throw error;
        await delay(RETRY_MS);
      }
    }
  }
}
