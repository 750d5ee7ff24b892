import type { JoinRecord, JoinStore } from '../../state/joins/join-store.js';
import type { CompiledNode, Forward, TaskContext } from '../../topology/topology.js';
import type { Join, JoinKind, JoinSide } from './join.js';

export interface StreamStreamJoinOptions {
  readonly name: string;
  readonly kind: JoinKind;
  readonly join: Join;
  readonly windows: { readonly beforeMs: number; readonly afterMs: number; readonly graceMs: number };
  readonly leftStore: string;
  readonly rightStore: string;
}

/**
 * How long a record is kept behind the store's time: until no partner of it can come in time. For bounds that are not negative
 * that is as long as Kafka Streams keeps it.
 */
export function joinRetentionMs({ afterMs, beforeMs, graceMs }: StreamStreamJoinOptions['windows']): number {
  return Math.max(afterMs + beforeMs, afterMs, beforeMs) + graceMs;
}

/** Joins each record of one side with those of the other side that were there before it, and keeps it for later ones. */
export function compileStreamJoinSide(
  options: StreamStreamJoinOptions & { readonly side: JoinSide },
  task: TaskContext,
  forward: Forward,
): CompiledNode {
  const { join, kind, leftStore, name, rightStore, side, windows } = options;
  const isLeft = side === 'left';
  const [left, right] = [leftStore, rightStore].map((store) => task.store(store) as JoinStore<unknown, unknown>);
  if (left === undefined || right === undefined) throw new Error(`${name} has two stores`);
  const [own, others] = isLeft ? [left, right] : [right, left];
  const [backMs, aheadMs] = isLeft ? [windows.beforeMs, windows.afterMs] : [windows.afterMs, windows.beforeMs];
  const isPreserved = kind === 'outer' || (kind === 'left' && isLeft);
  const sent = task.countsOut(name);
  const send = (key: unknown, ownValue: unknown, otherValue: unknown, timestamp: number) => {
    let result: unknown;
    try {
      result = isLeft ? join(key, ownValue, otherValue) : join(key, otherValue, ownValue);
    } catch (error) {
      task.failed(name, error, key, ownValue, timestamp);
      return;
    }
    sent.out++;
    forward(key, result, timestamp);
  };
  return {
    process: (key, value, timestamp) => {
      const isKeyless = key === null || key === undefined;
      if (value === null || value === undefined || (isKeyless && !isPreserved)) {
        task.reportSkipped(name, isKeyless ? 'null key' : 'null value');
        return;
      }
      if (isKeyless) {
        send(key, value, null, timestamp);
        return;
      }
      let identity: string;
      let bytes: Buffer;
      let partners: { readonly record: JoinRecord; readonly value: unknown }[];
      try {
        identity = own.identity(key);
        bytes = own.serialize(value);
        others.advance(task.watermark);
        partners = others
          .find(identity, timestamp - backMs, timestamp + aheadMs)
          .map((record) => ({ record, value: others.valueOf(record) }));
      } catch (error) {
        task.failed(name, error, key, value, timestamp);
        return;
      }
      for (const partner of partners) {
        if (partner.record.isWaiting) others.settle(partner.record);
        send(key, value, partner.value, Math.max(timestamp, partner.record.time));
      }
      const isAlone = isPreserved && partners.length === 0;
      const mayHavePartners = timestamp + aheadMs >= Math.max(task.watermark, timestamp);
      if (isAlone && !mayHavePartners) send(key, value, null, timestamp);
      own.advance(task.watermark);
      own.put(identity, timestamp, bytes, isAlone && mayHavePartners);
    },
    ...(isLeft && closing(options, left, right, task, forward)),
  };
}

/** Sends what has waited for partners in vain. */
function closing(
  { join, name, windows }: StreamStreamJoinOptions,
  left: JoinStore<unknown, unknown>,
  right: JoinStore<unknown, unknown>,
  task: TaskContext,
  forward: Forward,
): Pick<CompiledNode, 'flush' | 'drain'> {
  const sides = [
    { store: left, aheadMs: windows.afterMs, order: 0 },
    { store: right, aheadMs: windows.beforeMs, order: 1 },
  ];
  const sent = task.countsOut(name);
  const closeBefore = (time: number) => {
    const due = sides.flatMap(({ aheadMs, order, store }) =>
      store.waitingBefore(time - aheadMs - windows.graceMs).map((record) => ({ record, store, order })),
    );
    due.sort((a, b) => a.record.time - b.record.time || a.order - b.order || byKey(a.record, b.record));
    for (const { order, record, store } of due) {
      store.settle(record);
      const { time } = record;
      let key: unknown;
      let result: unknown;
      try {
        key = store.keyOf(record);
        const value = store.valueOf(record);
        result = order === 0 ? join(key, value, null) : join(key, null, value);
      } catch (error) {
        task.failed(name, error, key, undefined, time);
        continue;
      }
      sent.out++;
      forward(key, result, time);
    }
  };
  return {
    flush: () => {
      for (const { store } of sides) store.advance(task.watermark);
      closeBefore(task.watermark);
    },
    drain: () => closeBefore(Number.POSITIVE_INFINITY),
  };
}

function byKey(a: JoinRecord, b: JoinRecord): number {
  if (a.identity !== b.identity) return a.identity < b.identity ? -1 : 1;
  return a.number - b.number;
}
