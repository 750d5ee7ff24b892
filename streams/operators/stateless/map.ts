import type { Operator } from './operator.js';

/** What the next operator throws is not the mapper's: it is called outside of the `try`. */
export function map<K, V, KR, VR>(mapper: (key: K, value: V) => readonly [KR, VR]): Operator {
  return (forward, failed) => (key, value, timestamp) => {
    let newKey: KR;
    let newValue: VR;
    try {
      [newKey, newValue] = mapper(key as K, value as V);
    } catch (error) {
      failed(error, key, value, timestamp);
      return;
    }
    forward(newKey, newValue, timestamp);
  };
}

export function mapValues<K, V, VR>(mapper: (value: V, key: K) => VR): Operator {
  return (forward, failed) => (key, value, timestamp) => {
    let newValue: VR;
    try {
      newValue = mapper(value as V, key as K);
    } catch (error) {
      failed(error, key, value, timestamp);
      return;
    }
    forward(key, newValue, timestamp);
  };
}

export function selectKey<K, V, KR>(selector: (key: K, value: V) => KR): Operator {
  return (forward, failed) => (key, value, timestamp) => {
    let newKey: KR;
    try {
      newKey = selector(key as K, value as V);
    } catch (error) {
      failed(error, key, value, timestamp);
      return;
    }
    forward(newKey, value, timestamp);
  };
}
