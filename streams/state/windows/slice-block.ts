import type { Serde } from '../../serde/serde.js';
import { VarintReader, writeVarint } from '../../serde/varint.js';

/** Logs take records of a limited size, 1 MiB in Kafka by default; a larger block goes on in another. */
const FULL_BYTES = 512 * 1024;

/**
 * The partial aggregates of one slice, many keys in one value: what a commit adds to the slice. The same bytes go to
 * the changelog, to the store's LevelDB and, from a combiner, to the repartition topic.
 *
 * An entry is: first window (varint, 0: all), time of its newest record as milliseconds after the slice's start
 * (varint), key (varint length, bytes), aggregate (varint length, bytes). A later entry for a key replaces an earlier.
 */
export class SliceBlockBuilder {
  /** The builder to add to: `blocks`' last one, or, when there is none or it is full, another behind it. */
  static last(blocks: SliceBlockBuilder[]): SliceBlockBuilder {
    const last = blocks.at(-1);
    if (last !== undefined && last.#size < FULL_BYTES) return last;
    const next = new SliceBlockBuilder();
    blocks.push(next);
    return next;
  }

  #bytes = Buffer.allocUnsafe(1024);
  #size = 0;
  entries = 0;

  add(firstWindow: number, timeOffsetMs: number, key: Uint8Array, aggregate: Uint8Array): void {
    const needed = this.#size + key.length + aggregate.length + 32;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(needed * 2);
      grown.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = grown;
    }
    const bytes = this.#bytes;
    let position = writeVarint(bytes, this.#size, firstWindow);
    position = writeVarint(bytes, position, timeOffsetMs);
    position = writeVarint(bytes, position, key.length);
    bytes.set(key, position);
    position = writeVarint(bytes, position + key.length, aggregate.length);
    bytes.set(aggregate, position);
    this.#size = position + aggregate.length;
    this.entries++;
  }

  /** The block; the builder is not to be used after it. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }
}

/** Calls `visit` for every entry of the block. */
export function readSliceBlock<K, A>(
  block: Buffer,
  topic: string,
  keySerde: Serde<K>,
  aggregateSerde: Serde<A>,
  visit: (key: K, firstWindow: number, timeOffsetMs: number, aggregate: A) => void,
): void {
  const reader = new VarintReader(block);
  while (reader.position < block.length) {
    const firstWindow = reader.next();
    const timeOffsetMs = reader.next();
    const keyLength = reader.next();
    const key = keySerde.deserialize(topic, block, reader.position, reader.position + keyLength);
    reader.position += keyLength;
    const aggregateLength = reader.next();
    const aggregate = aggregateSerde.deserialize(topic, block, reader.position, reader.position + aggregateLength);
    reader.position += aggregateLength;
    visit(key, firstWindow, timeOffsetMs, aggregate);
  }
}

/** As `readSliceBlock`, but reads nothing of the keys and aggregates: it tells where in the block they are. */
export function scanSliceBlock(
  block: Buffer,
  visit: (
    firstWindow: number,
    timeOffsetMs: number,
    keyStart: number,
    keyEnd: number,
    aggregateStart: number,
    aggregateEnd: number,
  ) => void,
): void {
  const reader = new VarintReader(block);
  while (reader.position < block.length) {
    const firstWindow = reader.next();
    const timeOffsetMs = reader.next();
    const keyLength = reader.next();
    const keyStart = reader.position;
    const keyEnd = keyStart + keyLength;
    reader.position = keyEnd;
    const aggregateLength = reader.next();
    const aggregateStart = reader.position;
    reader.position = aggregateStart + aggregateLength;
    visit(firstWindow, timeOffsetMs, keyStart, keyEnd, aggregateStart, reader.position);
  }
}
