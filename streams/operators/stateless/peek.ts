import type { Operator } from './operator.js';

export function peek<K, V>(action: (key: K, value: V) => void): Operator {
  return (forward, failed) => (key, value, timestamp) => {
    try {
      action(key as K, value as V);
    } catch (error) {
      failed(error, key, value, timestamp);
      return;
    }
    forward(key, value, timestamp);
  };
}
