import { type Serde, SerdePendingError } from '../../serde/serde.js';
import { InternedKeys } from '../interned-keys.js';
import type { StoreView } from '../read-only-stores.js';
import { type StateDatabase, StateError } from '../state-database.js';
import type { ChangelogAppend, FlushFailure, StateStore } from '../state-store.js';
import { requireOpen, unreadable } from '../store-errors.js';
import { storeKey } from '../store-keys.js';
import { type CombineWindows, CommittedWindowStore } from './committed-window-store.js';
import { KeyPartials, type Partial } from './key-partials.js';
import { LiveWindowStore } from './live-window-store.js';
import { readSliceBlock, SliceBlockBuilder } from './slice-block.js';
import { BLOCK, blockKey, closedWindowOf, META, META_KEY, metaOf, sliceOfKey, windowsOf } from './window-entries.js';
import type { WindowSlices } from './window-slices.js';

/** A slice's block is rewritten whole when the blocks since the last whole one hold this many entries more than it. */
const REWRITE_SLACK = 1024;

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
  /** How readers' results are made of partials. */
  readonly combine: CombineWindows<K, A>;
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
  readonly #combine: CombineWindows<K, A>;
  readonly #keys: InternedKeys<K, KeyPartials<K, A>>;
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
    this.#combine = options.combine;
    this.#keys = new InternedKeys(options.name, options.keySerde, (key, identity) => new KeyPartials(key, identity));
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

  get entries(): number {
    let entries = 0;
    for (const { keys } of this.#bySlice.values()) entries += keys.length;
    return entries;
  }

  get liveKeys(): number {
    return this.#keys.size;
  }

  /** The key's partials, made when it has none. */
  key(key: K): KeyPartials<K, A> {
    return this.#keys.key(key);
  }

  /** Drops the key when it has no partials. */
  forget(key: K): void {
    this.#keys.forget(key);
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
      write(META_KEY, metaOf(this.#closedWindow, this.slices));
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

  committed(changelogEndOffset: number): void {
    this.#changelogEnd = changelogEndOffset;
  }

  get changelogNeededFrom(): number {
    let needed = Math.min(this.#changelogEnd, this.#metaChangelogFrom ?? this.#changelogEnd);
    for (const index of this.#bySlice.values()) needed = Math.min(needed, index.changelogFrom);
    return needed;
  }

  /** What is in memory, of what was not committed, too. */
  live(): LiveWindowStore<K, A> {
    return new LiveWindowStore(this, this.#keySerde, this.#combine);
  }

  view(): StoreView {
    const database = requireOpen(this.name, this.#database);
    const store = new CommittedWindowStore<K, A>({
      name: this.name,
      slices: this.slices,
      keySerde: this.#keySerde,
      aggregateSerde: this.#aggregateSerde,
      combine: this.#combine,
      database,
    });
    return { kind: 'window', store };
  }

  /** @throws StateError STATE_MISMATCH when the store was filled by other windows */
  #readMeta(meta: Buffer): void {
    this.#closedWindow = Math.max(this.#closedWindow, closedWindowOf(meta));
    this.#metaDirty = false;
    this.#metaChangelogFrom ??= 0;
    const windows = windowsOf(meta);
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
    if (key.partials.length === 0) this.#keys.drop(key);
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
      throw unreadable(this.name, error);
    }
  }

  #read(key: Buffer, block: Buffer): void {
    const slice = sliceOfKey(key);
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
        if (oldest !== undefined && oldest.slice <= newest && !key.dropThrough(newest)) this.#keys.drop(key);
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

  #databaseKey(key: Buffer): Buffer {
    return storeKey(this.name, key);
  }
}

function entriesOf(blocks: readonly SliceBlockBuilder[]): number {
  return blocks.reduce((entries, block) => entries + block.entries, 0);
}
