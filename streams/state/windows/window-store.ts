import type { Headers } from '../../log/log.js';
import { type Serde, SerdePendingError } from '../../serde/serde.js';
import { stringSerde } from '../../serde/string.js';
import { VarintReader, writeVarint } from '../../serde/varint.js';
import { type StateDatabase, StateError } from '../state-database.js';
import type { ChangelogAppend, FlushFailure, StateStore } from '../state-store.js';
import { readSliceBlock, SliceBlockBuilder } from './slice-block.js';
import type { WindowSlices } from './window-slices.js';
import { WindowStoreView } from './window-store-view.js';

/** A slice's block is rewritten whole when the blocks since the last whole one hold this many entries more than it. */
const REWRITE_SLACK = 1024;
const BLOCK = 1;
const META = 0;
const META_KEY = Buffer.from([META]);

/** The partial aggregate of one key in one slice. */
export class Partial<A> {
  /** Changed since the last flush. */
  dirty = false;
  /** The newest record's time, as milliseconds after the slice's start. */
  timeOffsetMs = 0;
  /** The aggregate as of the last flush; undefined before the first. */
  committed: A | undefined;

  constructor(
    readonly slice: number,
    /**
     * Windows before this one do not count the partial: they were closed for the partition that its records came from.
     * 0, but for records that are late for some of their windows only.
     */
    readonly firstWindow: number,
    public aggregate: A,
  ) {}
}

/** The headers of the record that changed a partial last, and the record's place among those of the store. */
export interface LastHeaders {
  readonly headers: Headers;
  readonly order: number;
}

/** A key's live partials, in order of (slice, first window). */
export class KeyPartials<K, A> {
  readonly partials: Partial<A>[] = [];
  dirty = false;
  /** True when one of the partials is left out of some windows of its slice. */
  cut = false;
  /**
   * By partial, since a record since the last flush had any. Hardly any have, and partials are most of what is in memory,
   * so it is not kept in them.
   */
  headers: Map<Partial<A>, LastHeaders> | undefined;
  #bytes: Buffer | undefined;
  #order: string | undefined;

  constructor(
    readonly key: K,
    /** Equal for equal keys, also when they are objects; undefined where the key itself is. */
    readonly identity: string | undefined,
  ) {}

  /** The partial; undefined when there is none. */
  at(slice: number, firstWindow: number): Partial<A> | undefined {
    const partials = this.partials;
    for (let index = partials.length - 1; index >= 0; index--) {
      const partial = partials[index] as Partial<A>;
      if (partial.slice === slice && partial.firstWindow === firstWindow) return partial;
      if (partial.slice < slice) return undefined;
    }
    return undefined;
  }

  /** The partial, which is made, with this aggregate, when there is none. */
  partial(slice: number, firstWindow: number, initial: A, store: WindowStore<K, A>): Partial<A> {
    const partials = this.partials;
    let index = partials.length;
    while (index > 0) {
      const before = partials[index - 1] as Partial<A>;
      if (before.slice === slice && before.firstWindow === firstWindow) return before;
      if (before.slice < slice || (before.slice === slice && before.firstWindow < firstWindow)) break;
      index--;
    }
    const partial = new Partial(slice, firstWindow, initial);
    if (index === partials.length) partials.push(partial);
    else partials.splice(index, 0, partial);
    if (firstWindow > 0) this.cut = true;
    store.index(slice, this);
    return partial;
  }

  /** Drops the partials up to the slice. @returns whether any are left */
  dropThrough(slice: number): boolean {
    const partials = this.partials;
    let count = 0;
    while (count < partials.length && (partials[count] as Partial<A>).slice <= slice) count++;
    if (count === 1) partials.shift();
    else if (count > 0) partials.splice(0, count);
    if (partials.length > 0) return true;
    this.cut = false;
    return false;
  }

  serialized(topic: string, serde: Serde<K>): Buffer {
    this.#bytes ??= Buffer.from(serde.serialize(topic, this.key));
    return this.#bytes;
  }

  /** A text that sorts as the serialized key does. */
  order(topic: string, serde: Serde<K>): string {
    this.#order ??=
      (serde as Serde<unknown>) === stringSerde
        ? codePointOrder(this.key as string)
        : this.serialized(topic, serde).toString('latin1');
    return this.#order;
  }
}

/**
 * A text that sorts by code units as the given one does by code points, and so by its bytes in UTF-8: they differ in that
 * surrogates, which stand for the code points from 0x10000, come before the code units from 0xE000.
 */
function codePointOrder(text: string): string {
  if (!/[\uD800-\uFFFF]/.test(text)) return text;
  return text.replace(/[\uD800-\uFFFF]/g, (unit) => {
    const code = unit.charCodeAt(0);
    return String.fromCharCode(code < 0xe000 ? code + 0x2000 : code - 0x800);
  });
}

/** What the store knows of one slice besides the partials themselves. */
class SliceIndex<K, A> {
  readonly keys: KeyPartials<K, A>[] = [];
  nextBlock = 0;
  /** Entries in blocks since the last whole one. */
  blockEntries = 0;
  /** The changelog is needed from here to rebuild the slice. */
  changelogFrom = 0;
}

export interface WindowStoreOptions<K, A> {
  readonly name: string;
  readonly slices: WindowSlices;
  readonly keySerde: Serde<K>;
  readonly aggregateSerde: Serde<A>;
  readonly initializer: () => A;
  /** To read windows of several slices. */
  readonly merge?: ((left: A, right: A) => A) | undefined;
}

/**
 * Partial aggregates by key and slice of time.
 *
 * What is live (not yet expired) is in memory: that is bounded by the window's span, never by the length of the run.
 * LevelDB and the changelog hold it as blocks, one a slice and commit, keyed slice first: expiry deletes a range, and a
 * start reads the live blocks only.
 */
export class WindowStore<K, A> implements StateStore {
  readonly name: string;
  readonly slices: WindowSlices;
  readonly initializer: () => A;
  readonly #keySerde: Serde<K>;
  readonly #aggregateSerde: Serde<A>;
  readonly #merge: ((left: A, right: A) => A) | undefined;
  /** Keys that are texts or numbers, and exactly what their bytes say. */
  readonly #byKey = new Map<K, KeyPartials<K, A>>();
  /** All others, by the latin1 text of their bytes. */
  readonly #byBytes = new Map<string, KeyPartials<K, A>>();
  readonly #bySlice = new Map<number, SliceIndex<K, A>>();
  #dirty: KeyPartials<K, A>[] = [];
  #uncommittedEntries = 0;
  #closedWindow = -1;
  #metaDirty = true;
  /** Where the last meta record is in the changelog, or before it; undefined when there is none. */
  #metaChangelogFrom: number | undefined;
  #changelogEnd = 0;
  #database: StateDatabase | undefined;

  constructor(options: WindowStoreOptions<K, A>) {
    this.name = options.name;
    this.slices = options.slices;
    this.initializer = options.initializer;
    this.#keySerde = options.keySerde;
    this.#aggregateSerde = options.aggregateSerde;
    this.#merge = options.merge;
  }

  /** The windows, to be read. */
  view(): WindowStoreView<K, A> {
    return new WindowStoreView(this, this.#keySerde, this.#merge);
  }

  /** The last window that takes no more records, here and after a restart; -1 when there is none. */
  get closedWindow(): number {
    return this.#closedWindow;
  }

  get uncommittedEntries(): number {
    return this.#uncommittedEntries;
  }

  /** Keys with partials that have changed since the last flush. */
  get dirtyKeys(): readonly KeyPartials<K, A>[] {
    return this.#dirty;
  }

  get liveKeys(): number {
    return this.#byKey.size + this.#byBytes.size;
  }

  /** The key's partials, made when it has none. */
  key(key: K): KeyPartials<K, A> {
    // A map takes 0 and -0 for one.
    const known = typeof key === 'string' || (typeof key === 'number' && key !== 0) ? this.#byKey.get(key) : undefined;
    return known ?? this.#intern(key);
  }

  /** Drops the key when it has no partials. */
  forget(key: K): void {
    const partials = this.#byKey.get(key);
    if (partials !== undefined && partials.partials.length === 0) this.#byKey.delete(key);
  }

  markDirty(key: KeyPartials<K, A>, partial: Partial<A>): void {
    if (partial.dirty) return;
    partial.dirty = true;
    this.#uncommittedEntries++;
    if (key.dirty) return;
    key.dirty = true;
    this.#dirty.push(key);
  }

  /** Called by a key that has got its first partial in the slice, or a further one. */
  index(slice: number, key: KeyPartials<K, A>): void {
    this.#slice(slice).keys.push(key);
  }

  /** Calls `visit` once for every key with a partial in a slice up to the given one. */
  forEachKeyThrough(slice: number, visit: (key: KeyPartials<K, A>) => void): void {
    const seen = new Set<KeyPartials<K, A>>();
    for (const [ordinal, index] of this.#bySlice) {
      if (ordinal > slice) continue;
      for (const key of index.keys) {
        if (seen.has(key)) continue;
        seen.add(key);
        visit(key);
      }
    }
  }

  /** The last slice that holds anything; -1 when the store is empty. */
  lastLiveSlice(): number {
    let last = -1;
    for (const slice of this.#bySlice.keys()) if (slice > last) last = slice;
    return last;
  }

  /** Every window up to this one takes no more records; slices that only they hold are dropped by `flush`. */
  closeThrough(window: number): void {
    if (window <= this.#closedWindow) return;
    this.#closedWindow = window;
    // Where nothing lives, nothing can be emitted twice: an idle store writes nothing.
    if (this.#bySlice.size > 0) this.#metaDirty = true;
  }

  async open(database: StateDatabase): Promise<void> {
    this.#database = database;
    const meta = database.get(this.#databaseKey(META_KEY));
    if (meta) this.#readMeta(meta);
    const prefix = this.#databaseKey(Buffer.from([BLOCK]));
    for await (const [key, block] of database.entries(prefix, this.#databaseKey(Buffer.from([BLOCK + 1])))) {
      this.#apply(key.subarray(prefix.length - 1), block);
    }
    this.#expire();
  }

  restore(key: Buffer, value: Buffer | null): void {
    if (value === null) return;
    this.#database?.stagePut(this.#databaseKey(key), value);
    if (key[0] === META) {
      this.#readMeta(value);
      this.#expire();
    } else {
      this.#apply(key, value);
    }
  }

  flush(changelog: ChangelogAppend, failed: FlushFailure): void {
    this.#expire();
    const write = (key: Buffer, value: Buffer) => {
      changelog(key, value);
      this.#database?.stagePut(this.#databaseKey(key), value);
    };
    const blocks = this.#dirtyBlocks(failed);
    if (this.#metaDirty && (blocks.size > 0 || this.#closedWindow >= 0)) {
      this.#metaDirty = false;
      this.#metaChangelogFrom = this.#changelogEnd;
      write(META_KEY, this.#meta());
    }
    for (const [slice, all] of blocks) {
      const changed = all.filter(({ entries }) => entries > 0);
      if (changed.length === 0) continue;
      const index = this.#slice(slice);
      if (index.nextBlock === 0) index.changelogFrom = this.#changelogEnd;
      index.blockEntries += entriesOf(changed);
      let written = changed;
      if (index.blockEntries > 2 * index.keys.length + REWRITE_SLACK) {
        written = this.#wholeSlice(slice, index);
        index.blockEntries = entriesOf(written);
        index.changelogFrom = this.#changelogEnd;
        this.#database?.stageClear(
          this.#databaseKey(blockKey(slice, 0)),
          this.#databaseKey(blockKey(slice, index.nextBlock)),
        );
      }
      for (const block of written) write(blockKey(slice, index.nextBlock++), block.finish());
    }
  }

  committed(changelogEndOffset: number): number {
    this.#changelogEnd = changelogEndOffset;
    let needed = Math.min(changelogEndOffset, this.#metaChangelogFrom ?? changelogEndOffset);
    for (const index of this.#bySlice.values()) needed = Math.min(needed, index.changelogFrom);
    return needed;
  }

  /** The last closed window, plus 1, as a varint; then, as text, what windows the slices are of. */
  #meta(): Buffer {
    const head = Buffer.alloc(8);
    return Buffer.concat([
      head.subarray(0, writeVarint(head, 0, this.#closedWindow + 1)),
      Buffer.from(this.slices.describe()),
    ]);
  }

  /** @throws StateError STATE_MISMATCH when the store was filled by other windows */
  #readMeta(meta: Buffer): void {
    const reader = new VarintReader(meta);
    this.#closedWindow = Math.max(this.#closedWindow, reader.next() - 1);
    this.#metaDirty = false;
    this.#metaChangelogFrom ??= 0;
    const windows = meta.toString('utf8', reader.position);
    if (windows === this.slices.describe()) return;
    throw new StateError(
      'STATE_MISMATCH',
      `the store "${this.name}" holds windows of ${windows}, and the topology wants windows of ${this.slices.describe()}; ` +
        'run it with the old windows, or with another application id or data directory',
    );
  }

  /** Takes the dirty partials as blocks by slice, and marks them clean. */
  #dirtyBlocks(failed: FlushFailure): Map<number, SliceBlockBuilder[]> {
    const blocks = new Map<number, SliceBlockBuilder[]>();
    let lastSlice = -1;
    let ofSlice: SliceBlockBuilder[] | undefined;
    for (const key of this.#dirty) {
      key.dirty = false;
      key.headers = undefined;
      const partials = key.partials;
      for (let i = partials.length - 1; i >= 0; i--) {
        const partial = partials[i] as Partial<A>;
        if (!partial.dirty) continue;
        partial.dirty = false;
        if (partial.slice !== lastSlice || ofSlice === undefined) {
          lastSlice = partial.slice;
          ofSlice = blocks.get(lastSlice);
          if (ofSlice === undefined) {
            ofSlice = [];
            blocks.set(lastSlice, ofSlice);
          }
        }
        try {
          this.#addTo(SliceBlockBuilder.last(ofSlice), key, partial);
        } catch (error) {
          this.#restoreCommitted(key, partial);
          failed(error, key.key, partial.aggregate, this.slices.sliceStart(partial.slice) + partial.timeOffsetMs);
          continue;
        }
        partial.committed = partial.aggregate;
      }
    }
    this.#dirty = [];
    this.#uncommittedEntries = 0;
    return blocks;
  }

  /** Takes back what has changed since the last flush. */
  #restoreCommitted(key: KeyPartials<K, A>, partial: Partial<A>): void {
    if (partial.committed !== undefined) {
      partial.aggregate = partial.committed;
      return;
    }
    key.partials.splice(key.partials.indexOf(partial), 1);
    const index = this.#bySlice.get(partial.slice);
    index?.keys.splice(index.keys.indexOf(key), 1);
    if (index?.keys.length === 0 && index.nextBlock === 0) this.#bySlice.delete(partial.slice);
    if (key.partials.length === 0) this.#drop(key);
  }

  #wholeSlice(slice: number, index: SliceIndex<K, A>): SliceBlockBuilder[] {
    const blocks: SliceBlockBuilder[] = [];
    // A key is in the index once for each of its partials in the slice.
    for (const key of new Set(index.keys)) {
      for (const partial of key.partials) {
        if (partial.slice === slice) this.#addTo(SliceBlockBuilder.last(blocks), key, partial);
      }
    }
    return blocks;
  }

  #addTo(block: SliceBlockBuilder, key: KeyPartials<K, A>, partial: Partial<A>): void {
    block.add(
      partial.firstWindow,
      partial.timeOffsetMs,
      key.serialized(this.name, this.#keySerde),
      this.#aggregateSerde.serialize(this.name, partial.aggregate),
    );
  }

  #apply(key: Buffer, block: Buffer): void {
    try {
      this.#read(key, block);
    } catch (error) {
      if (error instanceof StateError || error instanceof SerdePendingError) throw error;
      throw new StateError(
        'STATE_MISMATCH',
        `the store "${this.name}" cannot read what it holds (${(error as Error).message}): other serdes or an aggregate ` +
          'of another kind have filled it; run it as it was, give it another name, or take another application id',
        { cause: error },
      );
    }
  }

  #read(key: Buffer, block: Buffer): void {
    const slice = readOrdinal(key);
    const index = this.#slice(slice);
    index.nextBlock = Math.max(index.nextBlock, key.readUInt32BE(9) + 1);
    readSliceBlock(
      block,
      this.name,
      this.#keySerde,
      this.#aggregateSerde,
      (entryKey, firstWindow, timeOffsetMs, aggregate) => {
        index.blockEntries++;
        const partial = this.key(entryKey).partial(slice, firstWindow, aggregate, this);
        partial.aggregate = aggregate;
        partial.committed = aggregate;
        partial.timeOffsetMs = timeOffsetMs;
      },
    );
  }

  /** Drops the slices whose windows are all closed. */
  #expire(): void {
    if (this.#closedWindow < 0) return;
    const expired = [...this.#bySlice].filter(([slice]) => this.slices.lastWindow(slice) <= this.#closedWindow);
    const newest = expired.reduce((last, [slice]) => Math.max(last, slice), -1);
    for (const [slice, index] of expired) {
      // A key is in the index of each of its slices: the first of them drops what expires of the others, too.
      for (const key of index.keys) {
        const oldest = key.partials[0];
        if (oldest !== undefined && oldest.slice <= newest && !key.dropThrough(newest)) this.#drop(key);
      }
      this.#bySlice.delete(slice);
      if (index.nextBlock > 0) {
        this.#database?.stageClear(this.#databaseKey(blockKey(slice, 0)), this.#databaseKey(blockKey(slice + 1, 0)));
      }
    }
  }

  #slice(slice: number): SliceIndex<K, A> {
    let index = this.#bySlice.get(slice);
    if (index === undefined) {
      index = new SliceIndex<K, A>();
      this.#bySlice.set(slice, index);
    }
    return index;
  }

  /** Finds or makes what belongs to a key that was not found as it is: keys are one where their bytes are. */
  #intern(key: K): KeyPartials<K, A> {
    const serde = this.#keySerde;
    if (typeof key === 'string' || (typeof key === 'number' && key !== 0)) {
      let isItself = serde.preserves?.(key);
      if (isItself === undefined) {
        const bytes = Buffer.from(serde.serialize(this.name, key));
        const read = this.#readKey(bytes);
        isItself = Object.is(read, key);
        if (!isItself) return this.#internBytes(read, bytes);
      }
      if (isItself) {
        const partials = new KeyPartials<K, A>(key, undefined);
        this.#byKey.set(key, partials);
        return partials;
      }
    }
    const bytes = Buffer.from(serde.serialize(this.name, key));
    return this.#byBytes.get(bytes.toString('latin1')) ?? this.#internBytes(this.#readKey(bytes), bytes);
  }

  /** @param read what the serde makes of the bytes */
  #internBytes(read: K, bytes: Buffer): KeyPartials<K, A> {
    if ((typeof read === 'string' || typeof read === 'number') && read !== 0) {
      const known = this.#byKey.get(read);
      if (known !== undefined) return known;
      const partials = new KeyPartials<K, A>(read, undefined);
      this.#byKey.set(read, partials);
      return partials;
    }
    const identity = bytes.toString('latin1');
    let partials = this.#byBytes.get(identity);
    if (partials === undefined) {
      partials = new KeyPartials<K, A>(read, identity);
      this.#byBytes.set(identity, partials);
    }
    return partials;
  }

  #readKey(keyBytes: Buffer): K {
    return this.#keySerde.deserialize(this.name, keyBytes, 0, keyBytes.length);
  }

  #drop(key: KeyPartials<K, A>): void {
    if (key.identity === undefined) this.#byKey.delete(key.key);
    else this.#byBytes.delete(key.identity);
  }

  #databaseKey(key: Buffer): Buffer {
    return Buffer.concat([Buffer.from(`${this.name}\0`), key]);
  }
}

function entriesOf(blocks: readonly SliceBlockBuilder[]): number {
  return blocks.reduce((entries, block) => entries + block.entries, 0);
}

function blockKey(slice: number, block: number): Buffer {
  const key = Buffer.allocUnsafe(13);
  key[0] = BLOCK;
  key.writeUInt32BE(Math.floor(slice / 0x1_0000_0000), 1);
  key.writeUInt32BE(slice % 0x1_0000_0000, 5);
  key.writeUInt32BE(block, 9);
  return key;
}

function readOrdinal(key: Buffer): number {
  return key.readUInt32BE(1) * 0x1_0000_0000 + key.readUInt32BE(5);
}
