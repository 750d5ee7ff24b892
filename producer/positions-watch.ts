import { randomUUID } from 'node:crypto';
import {
  type CommitResult,
  type Log,
  type LogConsumer,
  LogError,
  type RecordCursor,
  type Transaction,
} from '@millrace/streams';
import { InputClaims } from './input-claims.js';
import { ProducerError } from './producer-error.js';
import { type Positions, PREFIX_BYTES, type SourcePosition } from './source-position.js';

/**
 * Where reading each text goes on: a compacted topic. A topic, and not a file, for the position then is in the same
 * transaction as the records that it follows.
 */
export const POSITIONS_TOPIC = 'millrace-inputs';

/** A position, and which writer it is of. */
interface SignedPosition extends SourcePosition {
  readonly by?: string;
}

type KeyValue = readonly [key: string, value: Buffer | null];

const POSITIONS = { topic: POSITIONS_TOPIC, partition: 0 } as const;

/**
 * Reads the positions that there are, and commits others, unless another process does so in the same texts. One of two
 * logs answers that at a stroke: the embedded one compares, and Kafka's is told first who reads what, and shuts out who
 * did so before.
 */
export class PositionsWatch {
  readonly #id = randomUUID();
  readonly #log: Log;
  readonly #consumer: LogConsumer;
  readonly #claims: InputClaims;
  readonly #positions = new Map<string, SourcePosition>();
  /** What other processes have written since the start, by key. */
  readonly #foreign = new Map<string, SignedPosition>();
  /** What is before it is known. */
  #end = 0;
  #hasStarted = false;
  #session: number | undefined;

  private constructor(log: Log) {
    this.#log = log;
    this.#consumer = log.consumer();
    this.#claims = new InputClaims(this.#id, log.transactionalId ?? '');
  }

  /** @param inputs paths of what is to be read: who reads them now is shut out, where the log can do that */
  static async start(log: Log, inputs: readonly string[] = []): Promise<PositionsWatch> {
    await log.ensureTopic(POSITIONS_TOPIC, { partitions: 1, cleanupPolicy: 'compact' });
    const watch = new PositionsWatch(log);
    watch.#end = await log.startOffset(POSITIONS);
    watch.#consumer.assign(POSITIONS, watch.#end);
    if (log.sessions !== undefined) await watch.#claims.addPaths(inputs);
    // What a process that was killed has left open ends when its inputs are claimed.
    await watch.#readTo(await log.endOffset(POSITIONS, { settled: watch.#claims.isEmpty }));
    if (!watch.#claims.isEmpty) await watch.#claim();
    watch.#hasStarted = true;
    return watch;
  }

  /** As they were at the start, and as they were committed since, by key; the last that was written is the last. */
  get positions(): Positions {
    return this.#positions;
  }

  /**
   * Commits positions, with whatever else is in the transaction. Two processes that have read the same text to the same
   * place both want to commit what follows; the log lets one of them. Where a log can neither compare nor shut out, it is
   * looked at just before.
   *
   * @param begin makes the transaction; it is called again when others have committed positions meanwhile
   * @throws ProducerError INPUT_IN_USE when another process reads one of the texts; INPUT_MOVED when one has read on that
   *   is shut out now: the texts are to be read from the positions that are known by then
   */
  async commit(positions: ReadonlyMap<string, SourcePosition | null>, begin: () => Transaction): Promise<void> {
    if (this.#log.sessions !== undefined && this.#claims.addTexts(positions.values())) {
      // Who reads it now, under another name, goes on.
      await this.#readTo(await this.#log.endOffset(POSITIONS));
      this.#requireUnshared(positions);
      await this.#claim();
      this.#requireUnmoved(positions);
    }
    for (;;) {
      const transaction = begin();
      if (transaction.expectEnd === undefined) this.#note(await this.#consumer.poll(0));
      this.#requireUnshared(positions);
      for (const [key, position] of positions) {
        const value = position === null ? null : Buffer.from(JSON.stringify({ ...position, by: this.#id }));
        transaction.append(POSITIONS_TOPIC, 0, Date.now(), Buffer.from(key), value);
      }
      transaction.expectEnd?.(POSITIONS, this.#end);
      if (this.#session !== undefined) transaction.requireSession?.(this.#session);
      try {
        const committed = await transaction.commit();
        if (transaction.expectEnd !== undefined) this.#end = endOf(committed) ?? this.#end;
        for (const [key, position] of positions) this.#know(key, position ?? undefined);
        return;
      } catch (error) {
        if (hasCode(error, 'END_MOVED')) await this.#readOn();
        else if (this.#session === undefined || !hasCode(error, 'TRANSACTION_ABORTED')) throw error;
        else {
          await this.#goOn();
          if (this.#claims.isGone) await this.#claim();
        }
      }
    }
  }

  /** Lets others read what this process has read. */
  async close(): Promise<void> {
    if (this.#session !== undefined) {
      const transaction = this.#log.transaction();
      transaction.append(POSITIONS_TOPIC, 0, Date.now(), Buffer.from(this.#claims.key), null);
      await transaction.commit();
    }
    await this.#consumer.close();
  }

  /**
   * Claims what is read, and shuts out who has claimed it before: with its session all of its transactions are over, and
   * before it writes in another it sees this claim.
   *
   * @throws ProducerError INPUT_IN_USE when another process has claimed it since
   */
  async #claim(): Promise<void> {
    let end = await this.#write([[this.#claims.key, this.#claims.value()]]);
    for (const shutOut = new Set<string>(); ; ) {
      const rivals = this.#claims.earlier().filter(({ key }) => !shutOut.has(key));
      if (rivals.length > 0) {
        const { sessions, transactionalId } = this.#log;
        // Of a process that had this one's name, nothing is left since the session began.
        const writers = new Set(rivals.map(({ writer }) => writer).filter((writer) => writer !== transactionalId));
        await Promise.all([...writers].map((writer) => sessions?.shutOut(writer)));
        for (const { key } of rivals) shutOut.add(key);
        // What they had committed is before this.
        end = await this.#write(rivals.map(({ key }) => [key, null]));
      }
      await this.#readTo(end);
      this.#requireLast();
      if (this.#claims.earlier().every(({ key }) => shutOut.has(key))) return;
    }
  }

  /** Goes on in the session that there is: in a new one nothing may be written before it is known who has claimed what. */
  async #goOn(): Promise<number | undefined> {
    for (;;) {
      const session = await this.#log.sessions?.current();
      if (session !== this.#session && this.#session !== undefined) {
        const end = await this.#append([[`${this.#claims.key}:look`, null]], session);
        if (end === undefined) continue;
        await this.#readTo(end);
        this.#requireLast();
      }
      this.#session = session;
      return session;
    }
  }

  /** @returns the offset after it */
  async #write(records: readonly KeyValue[]): Promise<number> {
    for (;;) {
      const end = await this.#append(records, await this.#goOn());
      if (end !== undefined) return end;
    }
  }

  /** @returns the offset after it; undefined when the session is over, or the transaction was aborted */
  async #append(records: readonly KeyValue[], session: number | undefined): Promise<number | undefined> {
    const transaction = this.#log.transaction();
    for (const [key, value] of records) transaction.append(POSITIONS_TOPIC, 0, Date.now(), Buffer.from(key), value);
    if (session !== undefined) transaction.requireSession?.(session);
    try {
      return endOf(await transaction.commit());
    } catch (error) {
      if (hasCode(error, 'TRANSACTION_ABORTED')) return undefined;
      throw error;
    }
  }

  #requireLast(): void {
    const [later] = this.#claims.later();
    if (later !== undefined) throw inUse(later.name);
  }

  async #readTo(end: number): Promise<void> {
    while (this.#end < end) this.#note(await this.#consumer.poll(1000));
  }

  async #readOn(): Promise<void> {
    this.#consumer.assign(POSITIONS, this.#end);
    do this.#note(await this.#consumer.poll(1000));
    while (this.#end < (await this.#log.endOffset(POSITIONS)));
  }

  #note(cursors: readonly RecordCursor[]): void {
    for (const cursor of cursors) {
      while (cursor.next()) {
        const key = keyOf(cursor);
        const value = textOf(cursor);
        if (InputClaims.isKey(key)) this.#claims.note(key, value, cursor.offset);
        else this.#notePosition(key, value === undefined ? undefined : (JSON.parse(value) as SignedPosition));
      }
      this.#end = cursor.nextOffset;
    }
  }

  #notePosition(key: string, position: SignedPosition | undefined): void {
    if (this.#hasStarted) {
      if (position?.by !== undefined && position.by !== this.#id) this.#foreign.set(key, position);
      return;
    }
    this.#know(key, position);
  }

  #know(key: string, position: SourcePosition | undefined): void {
    this.#positions.delete(key);
    if (position !== undefined) this.#positions.set(key, position);
  }

  #requireUnshared(positions: ReadonlyMap<string, SourcePosition | null>): void {
    const shared = this.#shared(positions);
    if (shared !== undefined) throw inUse(shared.name ?? 'a text');
  }

  /** Of texts that are claimed: who wrote foreign positions in them can write no more. */
  #requireUnmoved(positions: ReadonlyMap<string, SourcePosition | null>): void {
    const shared = this.#shared(positions);
    if (shared === undefined) return;
    for (const [key, position] of this.#foreign) this.#know(key, position);
    this.#foreign.clear();
    throw new ProducerError(
      'INPUT_MOVED',
      `another process had read on in ${shared.name ?? 'a text'}, and is shut out now; run it again, to go on from there`,
    );
  }

  #shared(positions: ReadonlyMap<string, SourcePosition | null>): SourcePosition | undefined {
    const others = [...this.#foreign.values()];
    for (const position of positions.values()) {
      if (position !== null && others.some((other) => isSameText(position, other))) return position;
    }
    return undefined;
  }
}

function inUse(name: string): ProducerError {
  return new ProducerError(
    'INPUT_IN_USE',
    `another process reads ${name} into the same log: its lines would be counted twice; let one of the two do it`,
  );
}

function hasCode(error: unknown, code: LogError['code']): boolean {
  return error instanceof LogError && error.code === code;
}

function endOf(committed: CommitResult): number | undefined {
  return committed.endOffset(POSITIONS_TOPIC, 0);
}

function keyOf({ keyBytes, keyEnd, keyStart }: RecordCursor): string {
  return keyBytes.toString('utf8', keyStart, keyEnd);
}

function textOf({ valueBytes, valueEnd, valueStart }: RecordCursor): string | undefined {
  return valueStart < 0 ? undefined : valueBytes.toString('utf8', valueStart, valueEnd);
}

function isSameText(one: SourcePosition, other: SourcePosition): boolean {
  if (one.host !== other.host) return false;
  const isSameFile = one.name === other.name && one.machine === other.machine;
  return isSameFile || (one.prefixBytes === PREFIX_BYTES && one.prefixHash === other.prefixHash);
}
