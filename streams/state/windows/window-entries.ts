import { VarintReader, writeVarint } from '../../serde/varint.js';
import type { WindowSlices } from './window-slices.js';

/** The first byte of the one entry that says what the store's windows are, and which of them are closed. */
export const META = 0;
/** The first byte of blocks: they come behind it, by slice, and in the order in which they were written. */
export const BLOCK = 1;
export const META_KEY = Buffer.from([META]);

export function blockKey(slice: number, block: number): Buffer {
  const key = Buffer.allocUnsafe(13);
  key[0] = BLOCK;
  key.writeUInt32BE(Math.floor(slice / 0x1_0000_0000), 1);
  key.writeUInt32BE(slice % 0x1_0000_0000, 5);
  key.writeUInt32BE(block, 9);
  return key;
}

export function sliceOfKey(key: Buffer): number {
  return key.readUInt32BE(1) * 0x1_0000_0000 + key.readUInt32BE(5);
}

/** The last closed window, plus 1, as a varint; then, as text, what windows the slices are of. */
export function metaOf(closedWindow: number, slices: WindowSlices): Buffer {
  const head = Buffer.alloc(8);
  return Buffer.concat([head.subarray(0, writeVarint(head, 0, closedWindow + 1)), Buffer.from(slices.describe())]);
}

export function closedWindowOf(meta: Buffer): number {
  return new VarintReader(meta).next() - 1;
}

export function windowsOf(meta: Buffer): string {
  const reader = new VarintReader(meta);
  reader.next();
  return meta.toString('utf8', reader.position);
}
