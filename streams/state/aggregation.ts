import type { Serde } from '../serde/serde.js';

/**
 * How records become an aggregate. All functions are pure: they return a new aggregate and change none.
 *
 * `merge` allows partial aggregates: windows by slices, and combining before a repartition. `subtract` takes a part out
 * of a total again, which makes a hopping window's next result cost two steps however long the window is.
 */
export interface Aggregation<K, V, A> {
  readonly initializer: () => A;
  readonly add: (key: K, value: V, aggregate: A) => A;
  readonly merge?: ((left: A, right: A) => A) | undefined;
  readonly subtract?: ((total: A, part: A) => A) | undefined;
  /** Records with a null value are passed over. Without windows they always are. */
  readonly skipsNullValues?: boolean | undefined;
  readonly serde: Serde<A>;
}

/** One that always merges. */
export type MergingAggregation<K, V, A> = Aggregation<K, V, A> & { readonly merge: (left: A, right: A) => A };

/**
 * What a row was before it changed, for those that its table is sent to. Of a new row that is the initializer's value, as
 * in Kafka Streams; null where there is none, as in a reduce, and where `areRequired`: what was never told cannot be taken
 * out of an aggregate again.
 */
export function oldValue<K, V, A>(
  aggregation: Aggregation<K, V, A>,
  committed: A | null | undefined,
  { areRequired = false }: { readonly areRequired?: boolean },
): A | null {
  return committed ?? (areRequired ? null : (aggregation.initializer() ?? null));
}
