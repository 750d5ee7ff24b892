import type { Serde } from '../serde/serde.js';
import { VarintReader, writeVarint } from '../serde/varint.js';
import { readSliceBlock, SliceBlockBuilder } from './slice-block.js';
import { type StateDatabase, StateError } from './state-database.js';
import type { ChangelogAppend, StateStore } from './state-store.js';
import type { WindowSlices } from './window-slices.js';

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

/** A key's live partials, in order of (slice, first window). */
export class KeyPartials<K, A> {
  readonly partials: Partial<A>[] = [];
  dirty = false;
  /** True when one of the partials is left out of some windows of its slice. */
  cut = false;
  #bytes: Buffer | undefined;

  constructor(
    readonly key: K,
    /** Equal for equal keys, also when they are objects; it orders keys. */
    readonly identity: string | number,
  ) {}

  /** The partial, which is made when there is none. */
  partial(slice: number, firstWindow: number, store: WindowStore<K, A>): Partial<A> {
    const partials = this.partials;
    let index = partials.length;
    while (index > 0) {
      const before = partials[index - 1] as Partial<A>;
      if (before.slice === slice && before.firstWindow === firstWindow) return before;
      if (before.slice < slice || (before.slice === slice && before.firstWindow < firstWindow)) break;
      index--;
    }
    const partial = new Partial(slice, firstWindow, store.initializer());
    if (index === partials.length) partials.push(partial);
    else partials.splice(index, 0, partial);
    if (firstWindow > 0) this.cut = true;
    store.index(slice, this);
    return partial;
  }

  serialized(topic: string, serde: Serde<K>): Buffer {
    this.#bytes ??= Buffer.from(serde.serialize(topic, this.key));
    return this.#bytes;
  }
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
  readonly #byKey = new Map<string | number, KeyPartials<K, A>>();
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
    return this.#byKey.size;
  }

  /** The key's partials, made when it has none. */
  key(key: K): KeyPartials<K, A> {
    const identity = typeof key === 'string' ? key : this.#identity(key);
    let partials = this.#byKey.get(identity);
    if (partials === undefined) {
      partials = new KeyPartials<K, A>(key, identity);
      this.#byKey.set(identity, partials);
    }
    return partials;
  }

  /** The key's partials without making any. */
  find(key: K): KeyPartials<K, A> | undefined {
    return this.#byKey.get(this.#identity(key));
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

  flush(changelog: ChangelogAppend): void {
    this.#expire();
    const write = (key: Buffer, value: Buffer) => {
      changelog(key, value);
      this.#database?.stagePut(this.#databaseKey(key), value);
    };
    const blocks = this.#dirtyBlocks();
    if (this.#metaDirty && (blocks.size > 0 || this.#closedWindow >= 0)) {
      this.#metaDirty = false;
      this.#metaChangelogFrom = this.#changelogEnd;
      write(META_KEY, this.#meta());
    }
    for (const [slice, changed] of blocks) {
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
      Buffer.from(this.#windows()),
    ]);
  }

  /** @throws StateError STATE_MISMATCH when the store was filled by other windows */
  #readMeta(meta: Buffer): void {
    const reader = new VarintReader(meta);
    this.#closedWindow = Math.max(this.#closedWindow, reader.next() - 1);
    this.#metaDirty = false;
    this.#metaChangelogFrom ??= 0;
    const windows = meta.toString('utf8', reader.position);
    if (windows === this.#windows()) return;
    throw new StateError(
      'STATE_MISMATCH',
      `the store "${this.name}" holds windows of ${windows}, and the topology wants windows of ${this.#windows()}; ` +
        'run it with the old windows, or with another application id or data directory',
    );
  }

  #windows(): string {
    const { advanceMs, kind, sizeMs } = this.slices;
    return `${sizeMs} ms by ${advanceMs} ms${kind}`;
  }

  /** Takes the dirty partials as blocks by slice, and marks them clean. */
  #dirtyBlocks(): Map<number, SliceBlockBuilder[]> {
    const blocks = new Map<number, SliceBlockBuilder[]>();
    let lastSlice = -1;
    let ofSlice: SliceBlockBuilder[] | undefined;
    for (const key of this.#dirty) {
      key.dirty = false;
      const partials = key.partials;
      for (let i = partials.length - 1; i >= 0; i--) {
        const partial = partials[i] as Partial<A>;
        if (!partial.dirty) continue;
        partial.dirty = false;
        partial.committed = partial.aggregate;
        if (partial.slice !== lastSlice || ofSlice === undefined) {
          lastSlice = partial.slice;
          ofSlice = blocks.get(lastSlice);
          if (ofSlice === undefined) {
            ofSlice = [];
            blocks.set(lastSlice, ofSlice);
          }
        }
        this.#addTo(SliceBlockBuilder.last(ofSlice), key, partial);
      }
    }
    this.#dirty = [];
    this.#uncommittedEntries = 0;
    return blocks;
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
        const partial = this.key(entryKey).partial(slice, firstWindow, this);
        partial.aggregate = aggregate;
        partial.committed = aggregate;
        partial.timeOffsetMs = timeOffsetMs;
      },
    );
  }

  /** Drops the slices whose windows are all closed. */
  #expire(): void {
    if (this.#closedWindow < 0) return;
    for (const [slice, index] of this.#bySlice) {
      if (this.slices.lastWindow(slice) > this.#closedWindow) continue;
      for (const key of index.keys) {
        while (key.partials[0] !== undefined && key.partials[0].slice <= slice) key.partials.shift();
        if (key.partials.length === 0) {
          key.cut = false;
          this.#byKey.delete(key.identity);
        }
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

  #identity(key: K): string | number {
    if (typeof key === 'string' || typeof key === 'number') return key;
    return Buffer.from(this.#keySerde.serialize(this.name, key)).toString('latin1');
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
