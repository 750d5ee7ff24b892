import type { Serde } from '../../serde/serde.js';
import type { Aggregation } from '../../state/aggregation.js';
import { requireSynchronous } from '../../topology/graph.js';
import type { Operator } from '../stateless/operator.js';

/** What a change of a table takes out of a group of rows, and what it puts into it. */
export interface RowChange<V> {
  readonly old: V | undefined;
  readonly now: V | undefined;
}

const HAS_OLD = 1;
const HAS_NOW = 2;
/** What is there, and how long the old value is. */
const HEAD_BYTES = 5;

/** Both values behind each other, for the topic on the way to the group. */
export function rowChangeSerde<V>(serde: Serde<V>): Serde<RowChange<V>> {
  return {
    serialize(topic, { now, old }) {
      const oldBytes = old === undefined ? new Uint8Array() : serde.serialize(topic, old);
      const head = Buffer.alloc(HEAD_BYTES);
      head[0] = (old === undefined ? 0 : HAS_OLD) | (now === undefined ? 0 : HAS_NOW);
      head.writeUInt32BE(oldBytes.length, 1);
      // Copied before the serde is called again: it may use its memory anew.
      const withOld = Buffer.concat([head, oldBytes]);
      return now === undefined ? withOld : Buffer.concat([withOld, serde.serialize(topic, now)]);
    },
    deserialize(topic, bytes, start, end) {
      const has = bytes[start] ?? 0;
      const oldStart = start + HEAD_BYTES;
      const oldEnd = oldStart + bytes.readUInt32BE(start + 1);
      return {
        old: (has & HAS_OLD) === 0 ? undefined : serde.deserialize(topic, bytes, oldStart, oldEnd),
        now: (has & HAS_NOW) === 0 ? undefined : serde.deserialize(topic, bytes, oldEnd, end),
      };
    },
  };
}

/** Sends a change of a row to the group that it was in, and to the one that it is in. */
export function regroup<K, V, KR, VR>(
  selector: (key: K, value: V) => readonly [KR | null, VR | null],
  identityOf: (key: KR) => string,
): Operator {
  const pairOf = (key: unknown, value: unknown) => {
    if (value === null || value === undefined) return undefined;
    const [group, selected] = selector(key as K, value as V);
    return group === null || group === undefined || selected === null || selected === undefined
      ? undefined
      : { group, selected };
  };
  return (forward, failed, countsOut) => {
    const passed = countsOut();
    return (key, value, timestamp, old) => {
      let now: ReturnType<typeof pairOf>;
      let before: ReturnType<typeof pairOf>;
      let isSameGroup: boolean;
      try {
        before = pairOf(key, old);
        now = pairOf(key, value);
        isSameGroup = before !== undefined && now !== undefined && identityOf(before.group) === identityOf(now.group);
      } catch (error) {
        failed(error, key, value, timestamp);
        return;
      }
      const send = (group: KR, change: RowChange<VR>) => {
        passed.out++;
        forward(group, change, timestamp);
      };
      if (isSameGroup && before !== undefined) {
        send(before.group, { old: before.selected, now: now?.selected });
        return;
      }
      if (before !== undefined) send(before.group, { old: before.selected, now: undefined });
      if (now !== undefined) send(now.group, { old: undefined, now: now.selected });
    };
  };
}

/** How a group's rows become its aggregate; undefined is that of no row. */
export function changeAggregation<K, V, A>(
  {
    add,
    subtract,
  }: {
    /** Of undefined, where the group has no aggregate yet. */
    readonly add: (key: K, value: V, aggregate: A | undefined) => A | null;
    readonly subtract: (key: K, value: V, aggregate: A) => A | null;
  },
  serde: Serde<A>,
): Aggregation<K, RowChange<V>, A | undefined> {
  requireSynchronous('the aggregate of a table', { add, subtract });
  return {
    initializer: () => undefined,
    add: (key, { now, old }, aggregate) => {
      let result: A | null | undefined = aggregate;
      if (old !== undefined && result !== undefined && result !== null) result = subtract(key, old, result);
      if (now !== undefined) return add(key, now, result ?? undefined) as A;
      // A null deletes the row.
      return (result === undefined && aggregate === undefined ? null : result) as A;
    },
    serde: serde as Serde<A | undefined>,
  };
}
