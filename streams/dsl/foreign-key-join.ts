import {
  compileResponses,
  compileRightChanges,
  compileSubscribe,
  compileSubscriptions,
} from '../operators/foreign-keys/foreign-key-join.js';
import { responseSerde, type SubscriptionResponse, subscriptionSerde } from '../operators/foreign-keys/subscription.js';
import { type AnyJoiner, joinOf } from '../operators/joins/join.js';
import type { Serde } from '../serde/serde.js';
import { SubscriptionStore } from '../state/foreign-keys/subscription-store.js';
import {
  type CompiledNode,
  type Forward,
  type GraphNode,
  type RepartitionNode,
  type StoreDefinition,
  type TaskContext,
  TopologyError,
} from '../topology/topology.js';
import { type AnyTable, joinedRows, latestChanges } from './any-table.js';
import type { ForeignKeyJoined } from './options.js';
import { type SourceTable, sourceTable } from './source-table.js';

interface JoinedByForeignKey {
  readonly left: AnyTable;
  readonly right: AnyTable;
  readonly isLeft: boolean;
  readonly foreignKey: (value: unknown, key: unknown) => unknown;
  readonly joiner: AnyJoiner;
  readonly joined: ForeignKeyJoined<unknown, unknown, unknown>;
}

/** The ways from the left table to the right one and back, and the table of what comes of it. */
export function foreignKeyJoin<K>(given: JoinedByForeignKey): SourceTable<K, unknown> {
  const { foreignKey, isLeft, joined, left, right } = given;
  const { graph } = left;
  const name = graph.named(joined, 'KTABLE-FK-JOIN');
  if (right.graph !== graph) throw new TopologyError(`"${name}" joins a table of another builder`);
  const key = needSerde(left.serdes.key, 'keys of its left table', name);
  const rightKey = needSerde(right.serdes.key, 'keys of its right table', name);
  const rightValue = needSerde(joined.otherValue ?? right.serdes.value, 'values of its right table', name);
  const result = needSerde(joined.value, 'results', name);
  const subscriptions = subscriptionStore(`${name}-subscription-store`, joined.name === undefined, key, rightKey);
  const [leftRows, rightRows] = [joinedRows(left, name), joinedRows(right, name)];
  const value = needSerde(joined.thisValue ?? left.serdes.value, 'values of its left table', name);
  const options = {
    name,
    isLeft,
    foreignKeyOf: foreignKey,
    join: joinOf(given.joiner),
    left: { rows: leftRows, key, value },
    right: { rows: rightRows, key: rightKey },
    subscriptions: subscriptions.name,
  };
  type Compile = (given: typeof options, task: TaskContext, forward: Forward) => CompiledNode;
  const node = (suffix: string, parent: GraphNode, stores: readonly StoreDefinition[], compile: Compile) =>
    graph.processor(`${name}-${suffix}`, parent, (task, forward) => compile(options, task, forward), stores, {
      joins: true,
    });
  const topic = (suffix: string, keySerde: Serde<unknown>, valueSerde: Serde<unknown>) => ({
    ...BETWEEN_TABLES,
    name: `${name}-${suffix}`,
    children: [],
    topic: `${name}-${suffix}-topic`,
    keySerde,
    valueSerde,
  });

  const subscribe = node('subscribe', latestChanges(left, `${name}-left`), [], compileSubscribe);
  const registration = graph.add<RepartitionNode>(
    {
      ...topic('subscription-registration', rightKey, subscriptionSerde as Serde<unknown>),
      // A left row without a foreign key is answered, too.
      keepsNullKeys: true,
    },
    subscribe,
  );
  const rightStores = [...rightRows.stores, subscriptions];
  const answer = node('answer', registration, rightStores, compileSubscriptions);
  const ofRight = node('right', latestChanges(right, `${name}-right`), [subscriptions], compileRightChanges);
  const response = graph.add<RepartitionNode>(
    {
      ...topic('subscription-response', key, responseSerde(rightValue) as Serde<unknown>),
      partitionOf: (one) => (one as SubscriptionResponse).partition,
    },
    answer,
    ofRight,
  );
  return sourceTable({
    graph,
    parent: node('responses', response, leftRows.stores, compileResponses),
    key: key as Serde<K>,
    value: result,
    storeName: joined.name,
    generateStoreName: () => `${name}-STATE-STORE`,
  });
}

/** What both topics are. */
const BETWEEN_TABLES = {
  kind: 'repartition',
  partitions: undefined,
  combiner: undefined,
  isForJoin: true,
  isOfForeignKeys: true,
} as const;

function subscriptionStore(
  name: string,
  isNameGenerated: boolean,
  key: Serde<unknown>,
  foreignKey: Serde<unknown>,
): StoreDefinition {
  return {
    name,
    isNameGenerated,
    contents: { kind: 'subscriptions', keys: foreignKey.format, values: key.format },
    serdes: { key: foreignKey, value: key },
    type: 'key-value',
    create: () => new SubscriptionStore(name),
  };
}

function needSerde(serde: unknown, of: string, name: string): Serde<unknown> {
  if (serde !== undefined) return serde as Serde<unknown>;
  throw new TopologyError(`"${name}" needs a serde for the ${of}, which go through a topic; pass it with the join`);
}
