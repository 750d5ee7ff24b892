import { countSerde } from '../serde/count.js';
import { nullableSerde } from '../serde/nullable.js';
import type { Serde } from '../serde/serde.js';
import type { Aggregation, MergingAggregation } from '../state/aggregation.js';
import { requireSynchronous } from '../topology/graph.js';

export function countAggregation<K, V>(serde: Serde<number> = countSerde): MergingAggregation<K, V, number> {
  return {
    initializer: () => 0,
    add: (_key, _value, count) => count + 1,
    merge: (left, right) => left + right,
    subtract: (total, part) => total - part,
    serde,
  };
}

/** Before the first value the aggregate is undefined. Null values are passed over. */
export function reduceAggregation<K, V, A>(
  reducer: (aggregate: A, value: A) => A,
  serde: Serde<A>,
): MergingAggregation<K, V, A | undefined> {
  requireSynchronous('reduce', { reducer });
  const reduce = (left: A | undefined, right: A | undefined) => {
    if (left === undefined) return right;
    return right === undefined ? left : reducer(left, right);
  };
  return {
    initializer: () => undefined,
    add: (_key, value, aggregate) => reduce(aggregate, value as unknown as A),
    merge: reduce,
    skipsNullValues: true,
    serde: serde as Serde<A | undefined>,
  };
}

/** A null deletes the window's row. The store keeps it, for what it has written already says otherwise. */
export function deletingAggregation<K, V, A>(
  {
    add,
    initializer,
  }: {
    readonly add: (key: K, value: V, aggregate: A) => A | null;
    readonly initializer: () => A;
  },
  serde: Serde<A>,
): Aggregation<K, V, A | null> {
  return {
    initializer,
    add: (key, value, aggregate) => add(key, value, aggregate ?? initializer()),
    serde: nullableSerde(serde),
  };
}
