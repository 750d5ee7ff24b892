import type { Log, LogConsumer, RecordCursor, Transaction } from '@millrace/streams';

/** What has come over the network, by what it is known by when it comes again. */
export const DELIVERIES_TOPIC = 'millrace-deliveries';

const DELIVERIES = { topic: DELIVERIES_TOPIC, partition: 0 } as const;
/** Senders that have no answer try again within minutes. */
const KNOWN_FOR_MS = 3_600_000;
const MAX_KNOWN = 200_000;

/**
 * Remembers for an hour what was written, in the same transaction as that is: what a sender sends again, because it had no
 * answer, or because this process was killed before it gave one, is not written twice.
 */
export class DeliveryLedger {
  readonly #consumer: LogConsumer;
  /** When each came, the oldest first. */
  readonly #known = new Map<string, number>();
  #position = 0;

  private constructor(log: Log) {
    this.#consumer = log.consumer();
  }

  /** Reads what is known. @throws LogError */
  static async open(log: Log): Promise<DeliveryLedger> {
    await log.ensureTopic(DELIVERIES_TOPIC, { partitions: 1, retentionMs: KNOWN_FOR_MS });
    const ledger = new DeliveryLedger(log);
    ledger.#position = await log.startOffset(DELIVERIES);
    ledger.#consumer.assign(DELIVERIES, ledger.#position);
    // What a process that was killed has left open is aborted, or was committed: both are known then.
    await ledger.readTo(await log.endOffset(DELIVERIES, { settled: true }));
    return ledger;
  }

  has(id: string): boolean {
    return this.#known.has(id);
  }

  /** Makes it part of a transaction that these were written. */
  append(transaction: Transaction, ids: readonly string[]): void {
    if (ids.length === 0) return;
    transaction.append(DELIVERIES_TOPIC, 0, Date.now(), null, Buffer.from(JSON.stringify(ids)));
  }

  /** They are written, and it was committed. */
  note(ids: readonly string[], at = Date.now()): void {
    for (const id of ids) this.#known.set(id, at);
    const before = at - KNOWN_FOR_MS;
    for (const [id, time] of this.#known) {
      if (time >= before && this.#known.size <= MAX_KNOWN) break;
      this.#known.delete(id);
    }
  }

  /** Reads what other processes have written. @throws LogError */
  async readTo(end: number): Promise<void> {
    while (this.#position < end) this.#read(await this.#consumer.poll(1000));
  }

  /** Reads what is there of it already. @throws LogError */
  async look(): Promise<void> {
    this.#read(await this.#consumer.poll(0));
  }

  async close(): Promise<void> {
    await this.#consumer.close();
  }

  #read(cursors: readonly RecordCursor[]): void {
    for (const cursor of cursors) {
      while (cursor.next()) {
        const { timestamp, valueBytes, valueEnd, valueStart } = cursor;
        if (valueStart < 0) continue;
        this.note(JSON.parse(valueBytes.toString('utf8', valueStart, valueEnd)) as string[], timestamp);
      }
      this.#position = cursor.nextOffset;
    }
  }
}
