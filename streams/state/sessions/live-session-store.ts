import type { Serde } from '../../serde/serde.js';
import { Windowed } from '../windows/windowed.js';
import type { KeySessions, Session } from './session.js';

/** The store whose sessions are read. */
interface SessionsInMemory<K, A> extends NamedKeys<K> {
  readonly closedBefore: number;
  key(key: K): KeySessions<K, A>;
  forget(key: KeySessions<K, A>): void;
  allKeys(): KeySessions<K, A>[];
}

interface NamedKeys<K> {
  readonly name: string;
  readonly keySerde: Serde<K>;
}

/** What can be asked of a `LiveSessionStore`, or of several as one. */
export type LiveSessions<K, V> = Pick<
  LiveSessionStore<K, unknown, V>,
  'fetch' | 'fetchSession' | 'findSessions' | 'all'
>;

/** The sessions of an aggregate as they are, of what was not committed, too. Those that are closed are gone. */
export class LiveSessionStore<K, A, V> {
  readonly #store: SessionsInMemory<K, A>;
  readonly #shown: (held: A) => V;

  /** @param shown what readers see of what is held */
  constructor(store: SessionsInMemory<K, A>, shown: (held: A) => V) {
    this.#store = store;
    this.#shown = shown;
  }

  /** The value of the key's session with these first and last times; undefined when there is none. */
  fetchSession(key: K, start: number, end: number): V | undefined {
    if (end < this.#store.closedBefore) return undefined;
    const session = this.#with(key, (sessions) => sessions.at(start, end));
    return session && this.#shown(session.aggregate);
  }

  /** The key's sessions, in the order of time. */
  fetch(key: K): [Windowed<K>, V][] {
    return this.findSessions(key, 0, Number.POSITIVE_INFINITY);
  }

  /** The key's sessions that end then or later, and start then or before, in the order of time. */
  findSessions(key: K, earliestEnd: number, latestStart: number): [Windowed<K>, V][] {
    // Those that are closed are dropped at the commit only.
    const from = Math.max(earliestEnd, this.#store.closedBefore);
    return this.#with(key, (sessions) =>
      sessions.sessions
        .filter((session) => session.end >= from && session.start <= latestStart)
        .map((session) => [new Windowed(sessions.key, session, 0), this.#shown(session.aggregate)]),
    );
  }

  /** All sessions of all keys, in the order of their ends, their starts, and the keys' bytes. */
  all(): [Windowed<K>, V][] {
    const all = this.#store
      .allKeys()
      .flatMap((key) => key.sessions.map((session) => ({ key, session })))
      .filter(({ session }) => session.end >= this.#store.closedBefore);
    return sessionsInOrder(all, this.#store).map(({ key, session }) => [
      new Windowed(key.key, session, 0),
      this.#shown(session.aggregate),
    ]);
  }

  #with<R>(key: K, read: (sessions: KeySessions<K, A>) => R): R {
    const sessions = this.#store.key(key);
    const result = read(sessions);
    this.#store.forget(sessions);
    return result;
  }
}

/** By their ends, their starts, and the keys' bytes: the order in which sessions close. Sorts in place. */
export function sessionsInOrder<K, A>(
  all: { readonly key: KeySessions<K, A>; readonly session: Session<A> }[],
  { keySerde, name }: NamedKeys<K>,
): { readonly key: KeySessions<K, A>; readonly session: Session<A> }[] {
  const order = (key: KeySessions<K, A>) => key.order(name, keySerde);
  return all.sort(
    (a, b) =>
      a.session.end - b.session.end || a.session.start - b.session.start || (order(a.key) < order(b.key) ? -1 : 1),
  );
}
