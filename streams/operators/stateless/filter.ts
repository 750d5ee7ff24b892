import type { Operator } from './operator.js';

/** Hands on the records for which the predicate answers `keep`. */
export function filter<K, V>(predicate: (key: K, value: V) => boolean, keep: boolean): Operator {
  return (forward, failed, countsOut) => {
    const passed = countsOut();
    return (key, value, timestamp) => {
      try {
        if (Boolean(predicate(key as K, value as V)) !== keep) return;
      } catch (error) {
        failed(error, key, value, timestamp);
        return;
      }
      passed.out++;
      forward(key, value, timestamp);
    };
  };
}
