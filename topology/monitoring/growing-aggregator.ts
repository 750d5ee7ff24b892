import type { KeepingAggregator } from '@millrace/streams';

interface Growing<V, A> {
  add(value: V): A;
  addAll(other: A): A;
}

/** Statistics that grow where they are; a merge makes new ones. */
export function growing<V, A extends Growing<V, A>>(empty: () => A): KeepingAggregator<string, V, A> {
  return {
    initializer: empty,
    add: (_entity, value, statistics) => statistics.add(value),
    merge: (left, right) => empty().addAll(left).addAll(right),
  };
}
