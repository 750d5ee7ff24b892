import { keyOfText, keyText } from '../../serde/key-text.js';
import type { Serde } from '../../serde/serde.js';
import type { StoreView } from '../read-only-stores.js';
import type { StateDatabase } from '../state-database.js';
import type { ChangelogAppend, StateStore } from '../state-store.js';
import { notQueried } from '../store-errors.js';
import { endOfStore, startOfStore, storeKey } from '../store-keys.js';

/** Into how many parts of time what is kept is sorted. */
const BUCKETS = 64;
/** Time and number, before the bytes of the key. */
const HEAD_BYTES = 16;
const SETTLED = 0;
const WAITING = 1;

export interface JoinStoreOptions<K, V> {
  readonly name: string;
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<V>;
  /** How long a record is kept behind the store's time. */
  readonly retentionMs: number;
}

/** A record of one side. */
export interface JoinRecord {
  readonly identity: string;
  readonly time: number;
  /** Records of one time are in the order in which they came. */
  readonly number: number;
  /** Has had no partner, and is to be joined with null when none can come any more. */
  isWaiting: boolean;
  isDirty: boolean;
  /** As bytes: what is given out is made of them, as after a restart. */
  readonly bytes: Buffer;
}

/** Records whose times are near each other. */
interface Bucket {
  readonly records: JoinRecord[];
  /** Where in the changelog the first of them is, or before it. */
  changelogFrom: number;
}

/**
 * The records of one side of a stream-stream join that may still have partners. They are in memory, which the windows and the
 * grace period bound; LevelDB and the changelog have an entry a record, by time.
 */
export class JoinStore<K, V> implements StateStore {
  readonly name: string;
  readonly #options: JoinStoreOptions<K, V>;
  readonly #bucketMs: number;
  readonly #buckets = new Map<number, Bucket>();
  /** In the order of their times. */
  readonly #byKey = new Map<string, JoinRecord[]>();
  readonly #waiting = new Set<JoinRecord>();
  #dirty: JoinRecord[] = [];
  #nextNumber = 0;
  #highest = -1;
  #watermark = -1;
  #changelogEnd = 0;
  #database: StateDatabase | undefined;

  constructor(options: JoinStoreOptions<K, V>) {
    this.name = options.name;
    this.#options = options;
    this.#bucketMs = Math.max(1, Math.ceil(options.retentionMs / BUCKETS));
  }

  get entries(): number {
    let entries = 0;
    for (const { records } of this.#buckets.values()) entries += records.length;
    return entries;
  }

  get uncommittedEntries(): number {
    return this.#dirty.length;
  }

  /** Records before this time are gone. */
  get keptFrom(): number {
    return Math.min(this.#watermark, this.#highest) - this.#options.retentionMs;
  }

  advance(watermark: number): void {
    if (watermark > this.#watermark) this.#watermark = watermark;
  }

  identity(key: K): string {
    return keyText(this.#options.keySerde, this.name, key);
  }

  keyOf({ identity }: JoinRecord): K {
    return keyOfText(this.#options.keySerde, this.name, identity);
  }

  valueOf({ bytes }: JoinRecord): V {
    return this.#options.valueSerde.deserialize(this.name, bytes, 0, bytes.length);
  }

  serialize(value: V): Buffer {
    return Buffer.from(this.#options.valueSerde.serialize(this.name, value));
  }

  /** The key's records of these times, both included, in the order of time. */
  find(identity: string, from: number, to: number): JoinRecord[] {
    const first = Math.max(from, this.keptFrom);
    return (this.#byKey.get(identity) ?? []).filter(({ time }) => time >= first && time <= to);
  }

  /** Records that wait, of times before the given one. */
  waitingBefore(time: number): JoinRecord[] {
    return [...this.#waiting].filter((record) => record.time < time);
  }

  put(identity: string, time: number, bytes: Buffer, isWaiting: boolean): void {
    if (time > this.#highest) this.#highest = time;
    if (time < this.keptFrom) return;
    const record = { identity, time, number: this.#nextNumber, isWaiting, isDirty: false, bytes };
    this.#add(record);
    this.#changed(record);
  }

  settle(record: JoinRecord): void {
    record.isWaiting = false;
    this.#waiting.delete(record);
    this.#changed(record);
  }

  async open(database: StateDatabase): Promise<void> {
    this.#database = database;
    const start = startOfStore(this.name);
    for await (const [key, value] of database.entries(start, endOfStore(this.name))) {
      this.#read(key.subarray(start.length), value);
    }
  }

  restore(key: Buffer, value: Buffer | null): void {
    if (value === null) return;
    this.#database?.stagePut(this.#databaseKey(key), value);
    this.#read(key, value);
  }

  flush(changelog: ChangelogAppend): void {
    this.#expire();
    for (const record of this.#dirty) {
      record.isDirty = false;
      const bucket = this.#buckets.get(this.#bucketOf(record.time));
      if (bucket === undefined) continue;
      if (bucket.changelogFrom < 0) bucket.changelogFrom = this.#changelogEnd;
      const key = entryKey(record.time, record.number, record.identity);
      const value = Buffer.concat([Buffer.from([record.isWaiting ? WAITING : SETTLED]), record.bytes]);
      changelog(key, value);
      this.#database?.stagePut(this.#databaseKey(key), value);
    }
    this.#dirty = [];
  }

  committed(changelogEndOffset: number): void {
    this.#changelogEnd = changelogEndOffset;
  }

  get changelogNeededFrom(): number {
    let needed = this.#changelogEnd;
    for (const { changelogFrom } of this.#buckets.values()) {
      if (changelogFrom >= 0) needed = Math.min(needed, changelogFrom);
    }
    return needed;
  }

  view(): StoreView {
    throw notQueried(this.name, 'join');
  }

  #read(key: Buffer, value: Buffer): void {
    const time = Number(key.readBigUInt64BE(0));
    const number = Number(key.readBigUInt64BE(8));
    const identity = key.toString('latin1', HEAD_BYTES);
    const isWaiting = value[0] === WAITING;
    if (time > this.#highest) this.#highest = time;
    const known = this.#byKey.get(identity)?.find((record) => record.time === time && record.number === number);
    if (known === undefined) {
      const bytes = Buffer.from(value.subarray(1));
      this.#add({ identity, time, number, isWaiting, isDirty: false, bytes });
      // It may be anywhere in the changelog.
      const bucket = this.#buckets.get(this.#bucketOf(time));
      if (bucket !== undefined) bucket.changelogFrom = 0;
      return;
    }
    known.isWaiting = isWaiting;
    if (!isWaiting) this.#waiting.delete(known);
  }

  #add(record: JoinRecord): void {
    this.#nextNumber = Math.max(this.#nextNumber, record.number + 1);
    const ofKey = this.#byKey.get(record.identity);
    if (ofKey === undefined) this.#byKey.set(record.identity, [record]);
    else {
      let at = ofKey.length;
      while (at > 0 && isAfter(ofKey[at - 1], record)) at--;
      ofKey.splice(at, 0, record);
    }
    const number = this.#bucketOf(record.time);
    const bucket = this.#buckets.get(number);
    if (bucket === undefined) this.#buckets.set(number, { records: [record], changelogFrom: -1 });
    else bucket.records.push(record);
    if (record.isWaiting) this.#waiting.add(record);
  }

  #changed(record: JoinRecord): void {
    if (record.isDirty) return;
    record.isDirty = true;
    this.#dirty.push(record);
  }

  /** Drops what has no partners any more, a bucket at a time. */
  #expire(): void {
    const firstKept = this.#bucketOf(this.keptFrom);
    let isAny = false;
    for (const [number, { records }] of this.#buckets) {
      if (number >= firstKept || records.some(({ isWaiting }) => isWaiting)) continue;
      isAny = true;
      this.#buckets.delete(number);
      for (const record of records) this.#drop(record);
      const [from, to] = [number, number + 1].map((one) => entryKey(one * this.#bucketMs, 0, ''));
      this.#database?.stageClear(this.#databaseKey(from as Buffer), this.#databaseKey(to as Buffer));
    }
    if (isAny) this.#dirty = this.#dirty.filter(({ time }) => this.#buckets.has(this.#bucketOf(time)));
  }

  #drop(record: JoinRecord): void {
    const ofKey = this.#byKey.get(record.identity) ?? [];
    const at = ofKey.indexOf(record);
    if (at >= 0) ofKey.splice(at, 1);
    if (ofKey.length === 0) this.#byKey.delete(record.identity);
  }

  #bucketOf(time: number): number {
    return Math.floor(time / this.#bucketMs);
  }

  #databaseKey(key: Buffer): Buffer {
    return storeKey(this.name, key);
  }
}

function isAfter(one: JoinRecord | undefined, other: JoinRecord): boolean {
  return one !== undefined && (one.time > other.time || (one.time === other.time && one.number > other.number));
}

function entryKey(time: number, number: number, identity: string): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeBigUInt64BE(BigInt(time), 0);
  head.writeBigUInt64BE(BigInt(number), 8);
  return Buffer.concat([head, Buffer.from(identity, 'latin1')]);
}
