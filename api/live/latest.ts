import type { Range } from '../parameters.js';

/** Of values that come the newest first, that of each key that comes first. */
export function latestBy<Value>(values: Iterable<Value>, keyOf: (value: Value) => string): Map<string, Value> {
  const latest = new Map<string, Value>();
  for (const value of values) {
    const key = keyOf(value);
    if (!latest.has(key)) latest.set(key, value);
  }
  return latest;
}

/** Of windows those that start in a range, of each window the newest, the earliest window first. */
export function windowsIn<Value extends { readonly window_start: number }>(
  values: Iterable<Value>,
  range: Range,
  most = Number.POSITIVE_INFINITY,
): Value[] {
  const byStart = new Map<number, Value>();
  for (const value of values) {
    const { window_start: start } = value;
    if (start < range.from || start >= range.to || byStart.has(start)) continue;
    byStart.set(start, value);
    if (byStart.size >= most) break;
  }
  return [...byStart.values()].sort((one, other) => one.window_start - other.window_start);
}

export function* only<Value>(values: Iterable<Value>, keeps: (value: Value) => boolean): Generator<Value> {
  for (const value of values) if (keeps(value)) yield value;
}
