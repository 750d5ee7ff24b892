import type { Serde } from '../../serde/serde.js';
import { type ValueAndTimestamp, valueAndTimestampSerde } from '../key-value/value-and-timestamp.js';
import type { ReadOnlyWindowStore, StoreView } from '../read-only-stores.js';
import { CommittedSessionStore } from '../sessions/committed-session-store.js';
import { type KeySessions, Session } from '../sessions/session.js';
import { LevelSessionStore } from '../sessions/session-store.js';
import type { StateDatabase } from '../state-database.js';
import { requireOpen } from '../store-errors.js';
import type { LiveWindows } from './live-window-store.js';
import { Windowed } from './windowed.js';

export interface SlidingWindowStoreOptions<K, A> {
  readonly name: string;
  readonly keySerde: Serde<K>;
  readonly aggregateSerde: Serde<A>;
  readonly differenceMs: number;
  readonly graceMs: number;
}

/** A window with the time of its newest record; null where its row was deleted, which is still to be told. */
export type SlidingWindow<A> = Session<ValueAndTimestamp<A | null>>;

/** A key's windows in the order of their starts. */
export type KeySlidingWindows<K, A> = KeySessions<K, ValueAndTimestamp<A | null>>;

/**
 * Sliding windows by key: sessions of which each reaches from the window's start to the last time at which another window may
 * be made of it. So `closedBefore` says which windows take no more records, and a closed one is kept for as long as it tells
 * which records there were.
 */
export class SlidingWindowStore<K, A> extends LevelSessionStore<K, ValueAndTimestamp<A | null>> {
  readonly differenceMs: number;
  readonly #keptMs: number;
  readonly #serde: Serde<ValueAndTimestamp<A>>;
  #database: StateDatabase | undefined;

  constructor({ aggregateSerde, differenceMs, graceMs, keySerde, name }: SlidingWindowStoreOptions<K, A>) {
    // The record before one that is just not late is up to the difference before it, in a window that ends there or later.
    const keptMs = 2 * differenceMs + 1;
    const serde = valueAndTimestampSerde(aggregateSerde);
    super({
      name,
      keySerde,
      // No window whose row was deleted is stored.
      aggregateSerde: serde as Serde<ValueAndTimestamp<A | null>>,
      openMs: differenceMs + keptMs + graceMs,
    });
    this.differenceMs = differenceMs;
    this.#keptMs = keptMs;
    this.#serde = serde;
  }

  window(start: number, aggregate: ValueAndTimestamp<A | null>, headers: Session<A>['headers']): SlidingWindow<A> {
    return new Session(start, this.endOf({ start }) + this.#keptMs, aggregate, headers);
  }

  endOf({ start }: Pick<SlidingWindow<A>, 'start'>): number {
    return start + this.differenceMs;
  }

  windowed(key: K, { start }: Pick<SlidingWindow<A>, 'start'>): Windowed<K> {
    return new Windowed(key, { windowStart: () => start, windowEnd: () => start + this.differenceMs }, 0);
  }

  /** Keys with a window whose end is from one time to before another. */
  keysWithEnds(from: number, to: number): KeySlidingWindows<K, A>[] {
    return this.keysEndingBetween(from + this.#keptMs, to + this.#keptMs);
  }

  /** When the last window ends; -1 when there is none. */
  lastWindowEnd(): number {
    return Math.max(-1, this.lastEnd() - this.#keptMs);
  }

  /** The windows whose rows were deleted have been told. */
  dropDeleted(): void {
    for (const key of this.dirtyKeys) {
      if (key.sessions.some(({ aggregate }) => aggregate.value === null)) {
        key.sessions = key.sessions.filter(({ aggregate }) => aggregate.value !== null);
      }
    }
  }

  override async open(database: StateDatabase): Promise<void> {
    this.#database = database;
    await super.open(database);
  }

  override view(): StoreView {
    const database = requireOpen(this.name, this.#database);
    const { keySerde, name } = this;
    const stored = new CommittedSessionStore({ name, keySerde, valueSerde: this.#serde, database });
    const windowed = (key: K, start: number) => this.windowed(key, { start });
    const store: ReadOnlyWindowStore<K, A> = {
      async *fetch(key, from, to) {
        for await (const [{ window }, { value }] of stored.findSessions(key, 0, to)) {
          if (window.start >= from) yield [window.start, value];
        }
      },
      async *fetchAll(from, to) {
        for await (const [{ key, window }, { value }] of stored.findAllSessions(0, to)) {
          if (window.start >= from) yield [windowed(key, window.start), value];
        }
      },
      all() {
        return this.fetchAll(0, Number.MAX_SAFE_INTEGER);
      },
    };
    return { kind: 'window', store };
  }

  /** What is in memory, of what was not committed, too. */
  liveWindows(): LiveWindows<K, A> {
    const sessions = this.live();
    const shown = (found: [Windowed<K>, unknown][], from: number, to: number) =>
      found.flatMap(([{ key, window }, aggregate]): [Windowed<K>, A][] => {
        const { value } = aggregate as ValueAndTimestamp<A>;
        return window.start < from || window.start > to ? [] : [[this.windowed(key, window), value]];
      });
    return {
      get: (key, start) => shown(sessions.fetch(key), start, start)[0]?.[1],
      fetch: (key, from, to) => shown(sessions.fetch(key), from, to),
      fetchAll: (from, to) => shown(sessions.all(), from, to),
      all: () => shown(sessions.all(), 0, Number.POSITIVE_INFINITY),
    };
  }
}
