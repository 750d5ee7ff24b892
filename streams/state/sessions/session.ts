import { type Headers, NO_HEADERS } from '../../log/log.js';
import { StoredKey } from '../stored-key.js';

/** A session of a key: it is not changed, but replaced by another. Both times are those of records in it. */
export class Session<A> {
  constructor(
    readonly start: number,
    readonly end: number,
    readonly aggregate: A,
    /** Of the record that changed it last. */
    readonly headers: Headers = NO_HEADERS,
  ) {}

  // The bounds of the window, as `Windowed` asks for them.
  windowStart(): number {
    return this.start;
  }

  windowEnd(): number {
    return this.end;
  }
}

/** A key's sessions that are not closed, in the order of their ends. They are few: each is a gap after the one before. */
export class KeySessions<K, A> extends StoredKey<K> {
  sessions: readonly Session<A>[] = [];
  /** Those of the last flush, while the key has changed since. */
  committed: readonly Session<A>[] | undefined;

  /** Nothing is held of it, and nothing is to be written. */
  get isEmpty(): boolean {
    return this.sessions.length === 0 && this.committed === undefined;
  }

  /** The session of just these bounds. */
  at(start: number, end: number): Session<A> | undefined {
    return this.sessions.find((session) => session.start === start && session.end === end);
  }
}

/** The sessions without those that were merged, and with the one that they were merged into, where it belongs. */
export function replaced<A>(
  sessions: readonly Session<A>[],
  merged: readonly Session<A>[],
  added: Session<A> | undefined,
): readonly Session<A>[] {
  const kept = merged.length === 0 ? [...sessions] : sessions.filter((session) => !merged.includes(session));
  if (added === undefined) return kept;
  let index = kept.length;
  for (; index > 0; index--) {
    const before = kept[index - 1] as Session<A>;
    if (before.end < added.end || (before.end === added.end && before.start <= added.start)) break;
  }
  kept.splice(index, 0, added);
  return kept;
}
