import { VarintReader, writeVarint } from '../../serde/varint.js';
import type { StoreView } from '../read-only-stores.js';
import type { StateDatabase } from '../state-database.js';
import type { ChangelogAppend, StateStore } from '../state-store.js';
import { notQueried } from '../store-errors.js';
import { endOfStore, startOfStore, storeKey } from '../store-keys.js';

/** The most bytes of a varint. */
const VARINT_BYTES = 8;

/** A row of the left table that refers to a row of the right one. */
export interface Subscriber {
  /** The bytes of its key, as latin1 text: such texts are in the order of the bytes. */
  readonly identity: string;
  /** As of `Subscription`. */
  readonly hash: string | null;
  readonly partition: number;
}

/** The subscribers of one foreign key. */
interface Subscribers {
  readonly byIdentity: Map<string, Subscriber>;
  /** By the bytes of their keys; undefined when one has come or gone since. */
  sorted: readonly Subscriber[] | undefined;
}

const NONE: readonly Subscriber[] = [];

/**
 * Who refers to each row of the right table of a foreign-key join. All of it is in memory, for operators are synchronous and
 * LevelDB's iterators are not; LevelDB and the changelog have an entry a subscriber.
 */
export class SubscriptionStore implements StateStore {
  readonly #byForeignKey = new Map<string, Subscribers>();
  readonly #changed = new Map<string, readonly [foreignKey: string, identity: string]>();
  #entries = 0;
  #database: StateDatabase | undefined;

  constructor(readonly name: string) {}

  get entries(): number {
    return this.#entries;
  }

  get uncommittedEntries(): number {
    return this.#changed.size;
  }

  /** In the order of their keys' bytes. @param foreignKey the bytes of the right row's key, as latin1 text */
  subscribersOf(foreignKey: string): readonly Subscriber[] {
    const subscribers = this.#byForeignKey.get(foreignKey);
    if (subscribers === undefined) return NONE;
    subscribers.sorted ??= [...subscribers.byIdentity.values()].sort((a, b) => (a.identity < b.identity ? -1 : 1));
    return subscribers.sorted;
  }

  put(foreignKey: string, subscriber: Subscriber): void {
    this.#put(foreignKey, subscriber);
    this.#hasChanged(foreignKey, subscriber.identity);
  }

  delete(foreignKey: string, identity: string): void {
    if (this.#delete(foreignKey, identity)) this.#hasChanged(foreignKey, identity);
  }

  async open(database: StateDatabase): Promise<void> {
    this.#database = database;
    const start = startOfStore(this.name);
    for await (const [key, value] of database.entries(start, endOfStore(this.name))) {
      this.#read(key.subarray(start.length), value);
    }
  }

  restore(key: Buffer, value: Buffer | null): void {
    this.#stage(key, value);
    this.#read(key, value);
  }

  flush(changelog: ChangelogAppend): void {
    for (const [foreignKey, identity] of this.#changed.values()) {
      const subscriber = this.#byForeignKey.get(foreignKey)?.byIdentity.get(identity);
      const key = encodeKey(foreignKey, identity);
      const value = subscriber === undefined ? null : encodeSubscriber(subscriber);
      changelog(key, value);
      this.#stage(key, value);
    }
    this.#changed.clear();
  }

  committed(): void {}

  /** The changelog is compacted by key: it is never cut off. */
  get changelogNeededFrom(): number {
    return 0;
  }

  view(): StoreView {
    throw notQueried(this.name, 'join');
  }

  #hasChanged(foreignKey: string, identity: string): void {
    this.#changed.set(`${foreignKey.length} ${foreignKey}${identity}`, [foreignKey, identity]);
  }

  #read(bytes: Buffer, value: Buffer | null): void {
    const [foreignKey, identity] = decodeKey(bytes);
    if (value === null) this.#delete(foreignKey, identity);
    else this.#put(foreignKey, decodeSubscriber(identity, value));
  }

  #put(foreignKey: string, subscriber: Subscriber): void {
    let subscribers = this.#byForeignKey.get(foreignKey);
    if (subscribers === undefined) {
      subscribers = { byIdentity: new Map(), sorted: undefined };
      this.#byForeignKey.set(foreignKey, subscribers);
    }
    if (!subscribers.byIdentity.has(subscriber.identity)) this.#entries++;
    subscribers.byIdentity.set(subscriber.identity, subscriber);
    subscribers.sorted = undefined;
  }

  #delete(foreignKey: string, identity: string): boolean {
    const subscribers = this.#byForeignKey.get(foreignKey);
    if (subscribers === undefined || !subscribers.byIdentity.delete(identity)) return false;
    this.#entries--;
    subscribers.sorted = undefined;
    if (subscribers.byIdentity.size === 0) this.#byForeignKey.delete(foreignKey);
    return true;
  }

  #stage(key: Buffer, value: Buffer | null): void {
    const databaseKey = storeKey(this.name, key);
    if (value === null) this.#database?.stageDelete(databaseKey);
    else this.#database?.stagePut(databaseKey, value);
  }
}

/** The length of the foreign key, the foreign key, and the key of the row that refers to it. */
function encodeKey(foreignKey: string, identity: string): Buffer {
  const length = Buffer.alloc(VARINT_BYTES);
  const end = writeVarint(length, 0, foreignKey.length);
  return Buffer.concat([length.subarray(0, end), Buffer.from(foreignKey + identity, 'latin1')]);
}

function decodeKey(bytes: Buffer): readonly [foreignKey: string, identity: string] {
  const reader = new VarintReader(bytes);
  const length = reader.next();
  const end = reader.position + length;
  return [bytes.toString('latin1', reader.position, end), bytes.toString('latin1', end)];
}

/** The partition of the row that refers, and the hash of its value. */
function encodeSubscriber({ hash, partition }: Subscriber): Buffer {
  const head = Buffer.alloc(VARINT_BYTES);
  const end = writeVarint(head, 0, partition);
  return Buffer.concat([head.subarray(0, end), Buffer.from(hash ?? '', 'latin1')]);
}

function decodeSubscriber(identity: string, bytes: Buffer): Subscriber {
  const reader = new VarintReader(bytes);
  const partition = reader.next();
  const hash = bytes.toString('latin1', reader.position);
  return { identity, partition, hash: hash === '' ? null : hash };
}
