import type { Operator } from '../stateless/operator.js';

/** Rows for which the predicate does not answer `keep` are gone. What was not there before and is not now is not told. */
export function filterTable<K, V>(predicate: (key: K, value: V) => boolean, keep: boolean): Operator {
  const rowOf = (key: unknown, value: unknown) =>
    value !== null && predicate(key as K, value as V) === keep ? value : null;
  return (forward, failed, countsOut) => {
    const passed = countsOut();
    return (key, value, timestamp, old) => {
      let kept: unknown;
      let before: unknown;
      try {
        kept = rowOf(key, value);
        before = old === undefined ? undefined : rowOf(key, old);
      } catch (error) {
        failed(error, key, value, timestamp);
        return;
      }
      if (kept === null && before === null) return;
      passed.out++;
      forward(key, kept, timestamp, before);
    };
  };
}

export function mapTableValues<K, V, VR>(mapper: (value: V, key: K) => VR): Operator {
  const rowOf = (key: unknown, value: unknown) =>
    value === null || value === undefined ? null : mapper(value as V, key as K);
  return (forward, failed) => (key, value, timestamp, old) => {
    let mapped: VR | null;
    let before: VR | null | undefined;
    try {
      mapped = rowOf(key, value);
      before = old === undefined ? undefined : rowOf(key, old);
    } catch (error) {
      failed(error, key, value, timestamp);
      return;
    }
    forward(key, mapped, timestamp, before);
  };
}
