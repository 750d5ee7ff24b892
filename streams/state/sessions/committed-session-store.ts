import { deserializeWhenReady, type Serde, whenReady } from '../../serde/serde.js';
import type { ReadOnlySessionStore } from '../read-only-stores.js';
import type { StateDatabase } from '../state-database.js';
import { storeKey } from '../store-keys.js';
import { Windowed } from '../windows/windowed.js';
import type { Session } from './session.js';
import { closedBeforeOf, decodeSessions, META, META_KEY, SESSIONS, sessionsKey } from './session-entries.js';

export interface CommittedSessionStoreOptions<K, V> {
  readonly name: string;
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<V>;
  readonly database: StateDatabase;
}

/** Reads the database alone: it holds what was committed. */
export class CommittedSessionStore<K, V> implements ReadOnlySessionStore<K, V> {
  readonly #options: CommittedSessionStoreOptions<K, V>;

  constructor(options: CommittedSessionStoreOptions<K, V>) {
    this.#options = options;
  }

  fetchSession(key: K, start: number, end: number): V | undefined {
    return this.#sessionsOf(key).find((session) => session.start === start && session.end === end)?.aggregate;
  }

  fetch(key: K): AsyncGenerator<[Windowed<K>, V]> {
    return this.findSessions(key, 0, Number.MAX_SAFE_INTEGER);
  }

  async *findSessions(key: K, earliestEnd: number, latestStart: number): AsyncGenerator<[Windowed<K>, V]> {
    for (const session of await whenReady(() => this.#sessionsOf(key))) {
      if (session.end >= earliestEnd && session.start <= latestStart) {
        yield [new Windowed(key, session, 0), session.aggregate];
      }
    }
  }

  async *findAllSessions(earliestEnd: number, latestStart: number): AsyncGenerator<[Windowed<K>, V]> {
    const { database, keySerde, name, valueSerde } = this.#options;
    const found: { key: K; session: Session<V> }[] = [];
    let closedBefore = 0;
    const [start, end] = [storeKey(name, Buffer.from([SESSIONS])), storeKey(name, Buffer.from([SESSIONS + 1]))];
    for await (const [entryKey, value] of database.entriesBehind(storeKey(name, META_KEY), start, end)) {
      if (entryKey[start.length - 1] === META) {
        closedBefore = closedBeforeOf(value);
        continue;
      }
      const key = await deserializeWhenReady(keySerde, name, entryKey, start.length, entryKey.length);
      const from = Math.max(closedBefore, earliestEnd);
      for (const session of await whenReady(() => decodeSessions(name, value, valueSerde, from))) {
        if (session.start <= latestStart) found.push({ key, session });
      }
    }
    // The order of the keys stays among sessions of the same bounds.
    found.sort((a, b) => a.session.end - b.session.end || a.session.start - b.session.start);
    for (const { key, session } of found) yield [new Windowed(key, session, 0), session.aggregate];
  }

  all(): AsyncGenerator<[Windowed<K>, V]> {
    return this.findAllSessions(0, Number.MAX_SAFE_INTEGER);
  }

  #sessionsOf(key: K): Session<V>[] {
    const { database, keySerde, name, valueSerde } = this.#options;
    const bytes = database.get(storeKey(name, sessionsKey(keySerde.serialize(name, key))));
    if (bytes === undefined) return [];
    const meta = database.get(storeKey(name, META_KEY));
    return decodeSessions(name, bytes, valueSerde, meta === undefined ? 0 : closedBeforeOf(meta));
  }
}
