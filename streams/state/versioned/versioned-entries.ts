import type { History } from './history.js';

/** The key of the one entry that holds the store's time: a history of one deletion, at that time. */
export const TIME_ENTRY = Buffer.from([0]);

/** The first byte of the entries of keys: the key's bytes come behind it. */
const KEY = 1;

export function keyEntry(key: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([KEY]), key]);
}

/** The store's time; -1 before its first version. */
export function timeOf(history: History | undefined): number {
  return history?.[0]?.timestamp ?? -1;
}
