/**
 * A value of a store as JSON can hold it: bytes as a text of Base64, integers beyond a double's as a text of digits, a `Map` as a
 * list of pairs, a `Set` as a list. What writes itself as JSON does.
 */
export function plainOf(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(plainOf);
  if (ArrayBuffer.isView(value) || value instanceof Map || value instanceof Set) {
    return Array.from(value as unknown as Iterable<unknown>, plainOf);
  }
  if (typeof (value as { readonly toJSON?: unknown }).toJSON === 'function') return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, plainOf(held)]));
}
