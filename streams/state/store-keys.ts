/** The key of a store's entry in the database of its task, which holds the entries of all of its stores. */
export function storeKey(store: string, key: Uint8Array): Buffer {
  return Buffer.concat([startOfStore(store), key]);
}

/** What the keys of a store's entries begin with: the first of them is not before it. */
export function startOfStore(store: string): Buffer {
  return Buffer.from(`${store}\0`, 'latin1');
}

/** Where the keys of a store's entries end. */
export function endOfStore(store: string): Buffer {
  return Buffer.from(`${store}\x01`, 'latin1');
}
