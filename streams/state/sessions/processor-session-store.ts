import { bytesSerde } from '../../serde/bytes.js';
import type { Serde } from '../../serde/serde.js';
import type { StoreView } from '../read-only-stores.js';
import type { TimeWindow, Windowed } from '../windows/windowed.js';
import { LiveSessionStore } from './live-session-store.js';
import { Session } from './session.js';
import { LevelSessionStore } from './session-store.js';

/**
 * A store of the Processor API that holds sessions of keys; reads and writes are synchronous, and see what was written since
 * the last commit. Which sessions there are is the processor's own affair: nothing is merged here. Times are in milliseconds
 * since the epoch; a session's bounds are both included.
 */
export interface SessionStore<K, V> {
  /**
   * Sets the value of the key's session of these bounds; null deletes it. A session that ends before the latest end that was
   * put, less the retention, is not taken, and those that do so by then are gone.
   * A property, so that a store of other values is not taken for this one.
   */
  readonly put: (key: K, session: TimeWindow, value: V | null) => void;
  /** Deletes the key's session of these bounds. */
  remove(key: K, session: TimeWindow): void;
  /** The value of the key's session of these bounds; undefined when there is none. */
  fetchSession(key: K, start: number, end: number): V | undefined;
  /** The key's sessions, in the order of their ends. */
  fetch(key: K): [Windowed<K>, V][];
  /** The key's sessions that end at `earliestEnd` or later, and start at `latestStart` or before, in the same order. */
  findSessions(key: K, earliestEnd: number, latestStart: number): [Windowed<K>, V][];
}

export interface ProcessorSessionStoreOptions<K, V> {
  readonly name: string;
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<V>;
  readonly retentionMs: number;
}

/** Values are held as bytes, so that nothing is seen that a restart would lose. */
export class ProcessorSessionStore<K, V> extends LevelSessionStore<K, Buffer> implements SessionStore<K, V> {
  readonly #valueSerde: Serde<V>;
  readonly #retentionMs: number;
  readonly #live: LiveSessionStore<K, Buffer, V>;

  constructor({ keySerde, name, retentionMs, valueSerde }: ProcessorSessionStoreOptions<K, V>) {
    super({ name, keySerde, aggregateSerde: bytesSerde, openMs: retentionMs });
    this.#valueSerde = valueSerde;
    this.#retentionMs = retentionMs;
    this.#live = new LiveSessionStore<K, Buffer, V>(this, (bytes) =>
      valueSerde.deserialize(name, bytes, 0, bytes.length),
    );
  }

  put(key: K, { end, start }: TimeWindow, value: V | null): void {
    this.closeBefore(end - this.#retentionMs);
    if (end < this.closedBefore) return;
    const sessions = this.key(key);
    const before = sessions.at(start, end);
    const isDeleted = value === null || value === undefined;
    const bytes = isDeleted ? undefined : Buffer.from(this.#valueSerde.serialize(this.name, value));
    if (before !== undefined || bytes !== undefined) {
      this.replace(sessions, before === undefined ? [] : [before], bytes && new Session(start, end, bytes));
    }
    this.forget(sessions);
  }

  remove(key: K, session: TimeWindow): void {
    this.put(key, session, null);
  }

  fetchSession(key: K, start: number, end: number): V | undefined {
    return this.#live.fetchSession(key, start, end);
  }

  fetch(key: K): [Windowed<K>, V][] {
    return this.#live.fetch(key);
  }

  findSessions(key: K, earliestEnd: number, latestStart: number): [Windowed<K>, V][] {
    return this.#live.findSessions(key, earliestEnd, latestStart);
  }

  override live(): LiveSessionStore<K, Buffer, unknown> {
    return this.#live;
  }

  override view(): StoreView {
    return this.viewOf(this.#valueSerde);
  }
}
