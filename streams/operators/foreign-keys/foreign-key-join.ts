import { keyOfText, keyText } from '../../serde/key-text.js';
import type { Serde } from '../../serde/serde.js';
import type { SubscriptionStore } from '../../state/foreign-keys/subscription-store.js';
import type { CompiledNode, Forward, TaskContext } from '../../topology/topology.js';
import type { Join } from '../joins/join.js';
import type { TableRows } from '../tables/table-rows.js';
import { hashOf, type Instruction, type Subscription, type SubscriptionResponse } from './subscription.js';

/**
 * A join of tables of which the left one's rows have the keys of the right one's in their values (KIP-213).
 *
 * The left row subscribes to the right one, by a topic, in the task that has it; that one answers there and then, and each
 * time that its row changes, by another topic. What is answered counts only as long as the left row is the one that asked.
 */
export interface ForeignKeyJoin {
  readonly name: string;
  readonly isLeft: boolean;
  readonly foreignKeyOf: (value: unknown, key: unknown) => unknown;
  readonly join: Join;
  readonly left: { readonly rows: TableRows; readonly key: Serde<unknown>; readonly value: Serde<unknown> };
  readonly right: { readonly rows: TableRows; readonly key: Serde<unknown> };
  readonly subscriptions: string;
}

type Subscribe = readonly [foreignKey: unknown, instruction: Instruction];

/** On the left: turns each change of a row into subscriptions, by the foreign keys as which they are forwarded. */
export function compileSubscribe(options: ForeignKeyJoin, task: TaskContext, forward: Forward): CompiledNode {
  const { foreignKeyOf, isLeft, left, name: join, right } = options;
  const name = `${join}-subscribe`;
  const passed = task.countsOut(name);
  const isSame = (one: unknown, other: unknown) => keyText(right.key, name, one) === keyText(right.key, name, other);
  const foreignKeyIn = (value: unknown, key: unknown) => (value === null ? null : (foreignKeyOf(value, key) ?? null));
  return {
    process: (key, value, timestamp, old) => {
      const [now, before] = [value ?? null, old ?? null];
      if (now === null && before === null) return;
      const told: Subscribe[] = [];
      let subscription: Omit<Subscription, 'instruction'>;
      try {
        const [foreignKey, formerKey] = [foreignKeyIn(now, key), foreignKeyIn(before, key)];
        const isFormer = foreignKey !== null && formerKey !== null && isSame(foreignKey, formerKey);
        told.push(...(isLeft ? leftSubscriptions : innerSubscriptions)(foreignKey, formerKey, isFormer));
        if (told.length === 0 && now !== null) task.reportSkipped(name, 'null foreign key');
        subscription = {
          hash: now === null ? null : hashOf(left.value.serialize(name, now)),
          identity: keyText(left.key, name, key),
          partition: task.partition,
        };
      } catch (error) {
        task.failed(name, error, key, value, timestamp);
        return;
      }
      for (const [foreignKey, instruction] of told) {
        passed.out++;
        forward(foreignKey, { ...subscription, instruction }, timestamp);
      }
    },
  };
}

/** Null stands for a row that is gone, and for one that refers to nothing. */
function innerSubscriptions(now: unknown, before: unknown, isSame: boolean): Subscribe[] {
  if (now === null) return before === null ? [] : [[before, 'delete-and-answer']];
  if (before === null || isSame) return [[now, 'answer-if-found']];
  return [
    [before, 'delete'],
    [now, 'answer'],
  ];
}

/** Each change is answered, for each row has a result. */
function leftSubscriptions(now: unknown, before: unknown, isSame: boolean): Subscribe[] {
  const subscribes: Subscribe = [now, 'answer'];
  return before === null || isSame ? [subscribes] : [[before, 'delete'], subscribes];
}

/** On the right: keeps who refers to a row, and answers with it. */
export function compileSubscriptions(options: ForeignKeyJoin, task: TaskContext, forward: Forward): CompiledNode {
  const { left, name, right, subscriptions } = options;
  const store = task.store(subscriptions) as SubscriptionStore;
  const find = right.rows.told(task);
  const passed = task.countsOut(`${name}-answer`);
  return {
    process: (foreignKey, value, timestamp) => {
      const { hash, identity, instruction, partition } = value as Subscription;
      const isNull = foreignKey === null || foreignKey === undefined;
      if (!isNull) {
        const of = keyText(right.key, subscriptions, foreignKey);
        if (instruction === 'delete' || instruction === 'delete-and-answer') store.delete(of, identity);
        else store.put(of, { identity, hash, partition });
      }
      if (instruction === 'delete') return;
      const row = isNull ? undefined : find(foreignKey);
      if (row === undefined && instruction === 'answer-if-found') return;
      const found = instruction === 'delete-and-answer' ? null : (row?.value ?? null);
      const response: SubscriptionResponse = { hash, value: found, partition };
      passed.out++;
      forward(keyOfText(left.key, subscriptions, identity), response, Math.max(timestamp, row?.timestamp ?? timestamp));
    },
  };
}

/** On the right: tells each change of a row to those that refer to it. */
export function compileRightChanges(options: ForeignKeyJoin, task: TaskContext, forward: Forward): CompiledNode {
  const { left, name, right, subscriptions } = options;
  const store = task.store(subscriptions) as SubscriptionStore;
  const passed = task.countsOut(`${name}-right`);
  return {
    process: (foreignKey, value, timestamp) => {
      const of = keyText(right.key, subscriptions, foreignKey);
      for (const { hash, identity, partition } of store.subscribersOf(of)) {
        const response: SubscriptionResponse = { hash, value: value ?? null, partition };
        passed.out++;
        forward(keyOfText(left.key, subscriptions, identity), response, timestamp);
      }
    },
  };
}

/** On the left: joins a row with what was answered, where it is still the one that asked. */
export function compileResponses(options: ForeignKeyJoin, task: TaskContext, forward: Forward): CompiledNode {
  const { isLeft, join, left, name } = options;
  const node = `${name}-responses`;
  const find = left.rows.told(task);
  const passed = task.countsOut(node);
  return {
    process: (key, response, timestamp) => {
      const { hash, value } = response as SubscriptionResponse;
      let result: unknown;
      try {
        const row = find(key);
        if (hash !== (row === undefined ? null : hashOf(left.value.serialize(name, row.value)))) return;
        result = row === undefined || (value === null && !isLeft) ? null : join(key, row.value, value);
      } catch (error) {
        task.failed(node, error, key, value, timestamp);
        return;
      }
      passed.out++;
      forward(key, result, timestamp);
    },
  };
}
