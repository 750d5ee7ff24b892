import type { Operator } from './operator.js';

export function flatMap<K, V, KR, VR>(mapper: (key: K, value: V) => Iterable<readonly [KR, VR]>): Operator {
  return (forward, failed, countsOut) => {
    const made = countsOut();
    return (key, value, timestamp) => {
      try {
        for (const [newKey, newValue] of mapper(key as K, value as V)) {
          made.out++;
          forward(newKey, newValue, timestamp);
        }
      } catch (error) {
        failed(error, key, value, timestamp);
      }
    };
  };
}

export function flatMapValues<K, V, VR>(mapper: (value: V, key: K) => Iterable<VR>): Operator {
  return (forward, failed, countsOut) => {
    const made = countsOut();
    return (key, value, timestamp) => {
      try {
        for (const newValue of mapper(value as V, key as K)) {
          made.out++;
          forward(key, newValue, timestamp);
        }
      } catch (error) {
        failed(error, key, value, timestamp);
      }
    };
  };
}
