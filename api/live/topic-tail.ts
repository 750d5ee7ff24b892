import { setTimeout as delay } from 'node:timers/promises';
import type { Log, LogConsumer, RecordCursor, TopicPartition } from '@millrace/streams';

/** A topic that is followed. */
export interface TailedTopic {
  readonly topic: string;
  /** As many records, of all its partitions, are read of what was there before. */
  readonly backwards: number;
}

export interface TailListener {
  /** A partition is read from this offset on: at first, and where records were passed over. */
  begins(at: TopicPartition, offset: number): void;
  /** Called in the order of each partition. */
  record(cursor: RecordCursor): Promise<void> | void;
  /** Records that were passed over, for they came faster than they can be shown. */
  passedOver(topic: string, records: number): void;
  /** All that was there at first has been read. */
  caughtUp(): void;
  failed(error: Error): void;
}

const POLL_MS = 250;
/** Between reads: records that come meanwhile are read at once, which costs the owner of the log least. */
const PAUSE_MS = 50;
/** How often it is looked for topics that are made later, and whether reading has fallen behind. */
const LOOK_EVERY_MS = 2_000;

/**
 * Follows topics: first what they hold, from their end backwards so many records, then what comes. It is the one reader of
 * a process. Where records come faster than they can be shown it passes some over, and says how many.
 */
export class TopicTail {
  readonly #log: Log;
  readonly #topics: readonly TailedTopic[];
  readonly #listener: TailListener;
  readonly #consumer: LogConsumer;
  readonly #positions = new Map<string, { readonly at: TopicPartition; readonly backwards: number; next: number }>();
  #missing: readonly TailedTopic[];
  #closed = false;
  #running: Promise<void> | undefined;

  constructor(log: Log, topics: readonly TailedTopic[], listener: TailListener) {
    this.#log = log;
    this.#topics = topics;
    this.#missing = topics;
    this.#listener = listener;
    this.#consumer = log.consumer();
  }

  get topics(): readonly string[] {
    return this.#topics.map(({ topic }) => topic);
  }

  /** Begins; `TailListener.caughtUp` tells when what was there is read. */
  start(): void {
    this.#running = this.#run().catch((error: unknown) => {
      if (!this.#closed) this.#listener.failed(error as Error);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#consumer.close();
    await this.#running;
  }

  /**
   * Resolves when what topics hold now has been read or passed over, or after so many milliseconds, or when it is closed.
   * Partitions that are new are found within seconds.
   */
  async readToEnd(topics: readonly string[], withinMs: number): Promise<void> {
    const places: TopicPartition[] = [];
    for (const topic of topics) {
      const partitions = (await this.#log.partitions(topic)) ?? 0;
      for (let partition = 0; partition < partitions; partition++) places.push({ topic, partition });
    }
    const ends = await this.#endsOf(places);
    const until = performance.now() + withinMs;
    while (this.#isBehind(ends) && !this.#closed && performance.now() < until) await delay(PAUSE_MS);
  }

  /** By topic and partition. */
  async #endsOf(places: readonly TopicPartition[]): Promise<ReadonlyMap<string, number>> {
    return new Map(await Promise.all(places.map(async (at) => [idOf(at), await this.#log.endOffset(at)] as const)));
  }

  #isBehind(ends: ReadonlyMap<string, number>): boolean {
    return [...ends].some(([id, end]) => (this.#positions.get(id)?.next ?? 0) < end);
  }

  async #run(): Promise<void> {
    await this.#findTopics();
    const ends = await this.#endsOf([...this.#positions.values()].map(({ at }) => at));
    let isCaughtUp = false;
    let lookedAt = performance.now();
    while (!this.#closed) {
      if (!isCaughtUp && !this.#isBehind(ends)) {
        isCaughtUp = true;
        this.#listener.caughtUp();
      }
      const cursors = await this.#consumer.poll(POLL_MS);
      for (const cursor of cursors) await this.#read(cursor);
      if (performance.now() - lookedAt >= LOOK_EVERY_MS) {
        lookedAt = performance.now();
        await this.#findTopics();
        if (isCaughtUp) await this.#catchUp();
      }
      if (isCaughtUp) await delay(PAUSE_MS);
    }
  }

  #begin(at: TopicPartition, offset: number): void {
    this.#consumer.assign(at, offset);
    this.#listener.begins(at, offset);
  }

  async #read(cursor: RecordCursor): Promise<void> {
    const { nextOffset } = cursor;
    const position = this.#positions.get(idOf(cursor));
    while (cursor.next()) await this.#listener.record(cursor);
    if (position !== undefined) position.next = nextOffset;
  }

  /** Assigns what is there of the topics that were not. */
  async #findTopics(): Promise<void> {
    const missing: TailedTopic[] = [];
    for (const tailed of this.#missing) {
      const partitions = await this.#log.partitions(tailed.topic);
      if (partitions === undefined) {
        missing.push(tailed);
        continue;
      }
      const backwards = Math.ceil(tailed.backwards / partitions);
      for (let partition = 0; partition < partitions; partition++) {
        const at = { topic: tailed.topic, partition };
        const [start, end] = await Promise.all([this.#log.startOffset(at), this.#log.endOffset(at)]);
        const next = Math.max(start, end - backwards);
        this.#begin(at, next);
        this.#positions.set(idOf(at), { at, backwards, next });
      }
    }
    this.#missing = missing;
  }

  /** Moves on where more has come than is kept: what lies between would only be read to be thrown away. */
  async #catchUp(): Promise<void> {
    for (const position of this.#positions.values()) {
      const end = await this.#log.endOffset(position.at);
      const passed = end - position.backwards - position.next;
      if (passed <= 0) continue;
      position.next = end - position.backwards;
      this.#begin(position.at, position.next);
      this.#listener.passedOver(position.at.topic, passed);
    }
  }
}

function idOf({ partition, topic }: TopicPartition): string {
  return `${topic}/${partition}`;
}
