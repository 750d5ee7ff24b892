import { MillraceError } from '../errors.js';
import type { Headers } from '../log/log.js';
import type { AutoOffsetReset } from '../log/start-offset.js';
import type { Serde } from '../serde/serde.js';
import type { StateStore } from '../state/state-store.js';
import type { Combiner, PartitionOf } from './combiner.js';
import type { Cancellable, PunctuationType, Punctuator, RecordMetadata } from './processor.js';

/**
 * The call from an operator to the next: positional, so that a record costs no object. `old` is for the changes of a
 * table: what the row was before, null when there was none; undefined when it is not known.
 */
export type Forward = (key: unknown, value: unknown, timestamp: number, old?: unknown) => void;

/** What is asked, while the graph is built, of the node that makes a table. */
export interface TableChanges {
  /** Something on the way needs `old`. */
  sendOldValues: boolean;
  /** It cannot do without: a table that Kafka Streams would not ask for `old` sends it, too. */
  areRequired?: boolean;
}

/** The partition that a record is read from: the same object for all of its records, while a task has it. */
export interface SourcePartition {
  readonly topic: string;
  /** The highest event time of the records before; -1 before the first. */
  readonly time: number;
}

/**
 * The event time of a record, in milliseconds; the log's own timestamp is the fallback. A record may be asked for more than
 * once. `partition` is undefined where its records are only looked at.
 */
export type TimestampExtractor<V> = (value: V, recordTimestamp: number, partition?: SourcePartition) => number;

/** What a store holds, for a topology that would read it as something else to be refused. */
export interface StoreContents {
  readonly kind: 'windows' | 'sessions' | 'table' | 'versions' | 'entries' | 'joined' | 'suppressed' | 'subscriptions';
  /** The formats of the serdes, where they say. */
  readonly keys?: string | undefined;
  readonly values?: string | undefined;
  /** Their size and advance, or the gap of sessions; of entries, what they are other than keys and values. */
  readonly windows?: string;
}

export type StoreType = 'key-value' | 'window' | 'session' | 'versioned';

/** How the keys and values that a store's readers see become bytes. */
export interface StoreSerdes {
  readonly key: Serde<unknown>;
  readonly value: Serde<unknown>;
}

export interface StoreDefinition {
  /** Names the store and its changelog. */
  readonly name: string;
  /** The name is a number, which another store has when the topology changes before it. */
  readonly isNameGenerated: boolean;
  readonly contents: StoreContents;
  readonly serdes: StoreSerdes;
  /** Shown by describe(). */
  readonly type: StoreType;
  create(): StateStore;
}

/** What a node compiles to, once a task. */
export interface CompiledNode {
  readonly process: Forward;
  /**
   * Aggregates that merge: takes partial aggregates that an upstream task has combined; `isSingle` says that they are of
   * one record, which can be late.
   */
  readonly mergeBlock?: (slice: number, block: Buffer, isSingle: boolean) => void;
  /** Before the first record, after the stores are restored. */
  readonly init?: () => void;
  /** At each commit, upstream nodes first: forwards what was held back. */
  readonly flush?: () => void;
  /** At the end of the input: closes every window. */
  readonly drain?: () => void;
  readonly close?: () => void;
}

interface NodeBase {
  readonly name: string;
  readonly children: GraphNode[];
}

export interface SourceNode extends NodeBase {
  readonly kind: 'source';
  readonly topics: readonly string[];
  /** Without one the key is not decoded, and is null. */
  readonly keySerde: Serde<unknown> | undefined;
  readonly valueSerde: Serde<unknown>;
  readonly timestampExtractor: TimestampExtractor<unknown> | undefined;
  /** Default: the application's. */
  readonly autoOffsetReset: AutoOffsetReset | undefined;
  /** Of a null value, and a null key where there is a serde for it. */
  readonly nulls: 'keep' | 'refuse' | 'skip';
}

export interface ProcessorNode extends NodeBase {
  readonly kind: 'processor';
  readonly stores: readonly StoreDefinition[];
  /** Each record goes to one of the children at most. */
  readonly splits?: boolean;
  /** What it makes of a record depends on what was read of other topics by then. */
  readonly joins?: boolean;
  /** `forward` reaches all children, `branches[i]` the i-th alone. */
  compile(task: TaskContext, forward: Forward, branches: readonly Forward[]): CompiledNode;
}

export interface SinkNode extends NodeBase {
  readonly kind: 'sink';
  readonly topic: string;
  readonly keySerde: Serde<unknown> | undefined;
  readonly valueSerde: Serde<unknown>;
}

/** Ends one sub-topology and starts another; records go to the partition of their key. */
export interface RepartitionNode extends NodeBase {
  readonly kind: 'repartition';
  /** The topic's name without the application's prefix. */
  readonly topic: string;
  readonly keySerde: Serde<unknown>;
  /** May be missing when a combiner makes it unnecessary. */
  readonly valueSerde: Serde<unknown> | undefined;
  /** Default: as many as the largest source of the upstream sub-topology. */
  readonly partitions: number | undefined;
  /** For a join: its default is as many partitions as what it is joined with has. */
  readonly isForJoin?: boolean;
  /**
   * One of the two of a foreign-key join, which lead to the other table and back. Nobody waits for what is on its way there,
   * as each would wait for the other, and it has as many partitions as the table that it leads to.
   */
  readonly isOfForeignKeys?: boolean;
  /** The partition that a value says it is for. Default: that of the key. */
  readonly partitionOf?: (value: unknown) => number | undefined;
  /** Records with a null key go through, in any partition. Else they are passed over. */
  readonly keepsNullKeys?: boolean;
  /** Set when what follows is an aggregate that merges. */
  readonly combiner: ((task: TaskContext, partitionOf: PartitionOf) => Combiner) | undefined;
}

export type GraphNode = SourceNode | ProcessorNode | SinkNode | RepartitionNode;

/** A part of the topology that runs as one task a partition. */
export interface SubTopology {
  readonly id: number;
  readonly sources: readonly SourceNode[];
  readonly repartitionSources: readonly RepartitionNode[];
  /** In order: a node comes after its parents. */
  readonly nodes: readonly GraphNode[];
  readonly stores: readonly StoreDefinition[];
}

/** A topic of which each process has all rows, beside its tasks. */
export interface GlobalTableDefinition {
  /** Names the store of the rows, which has no changelog: the topic is one. */
  readonly name: string;
  readonly topic: string;
  readonly serdes: StoreSerdes;
}

/** Sub-topologies in order: one comes after those that feed it. */
export interface Topology {
  readonly subTopologies: readonly SubTopology[];
  readonly globalTables: readonly GlobalTableDefinition[];
}

/** A record that was too late for at least one of its windows. */
export interface LateRecord {
  readonly node: string;
  /** How far its partition's time was past the record's time. */
  readonly latenessMs: number;
  /** The smallest grace period with which no window would have been missed. */
  readonly graceNeededMs: number;
  /** How many windows it missed, and whether they were all. */
  readonly windows: number;
  readonly dropped: boolean;
  /** The record was late upstream, too, and is in the late topic. */
  readonly isTold?: boolean;
}

/** What a node that may hand on more or fewer records than it gets counts them in. */
export interface OutCount {
  out: number;
}

/** What a task gives to the nodes that it compiles. */
export interface TaskContext {
  readonly applicationId: string;
  readonly id: string;
  readonly partition: number;
  /** The highest timestamp read from the source partition of the current record; decides what is late. */
  readonly partitionTime: number;
  /** The minimum over the task's source partitions and the tasks that feed it; decides which windows are closed. */
  readonly watermark: number;
  readonly recordMetadata: RecordMetadata | undefined;
  readonly headers: Headers;
  withHeaders(headers: Headers, work: () => void): void;
  store(name: string): StateStore;
  /** Finds rows of a global table; undefined where there is none. */
  globalTable(name: string): (key: unknown) => unknown;
  /** So many records count in at least one row or window of the aggregate. */
  reportCounted(node: string, records: number): void;
  reportLate(late: LateRecord): void;
  reportSkipped(node: string, reason: string): void;
  /** Where the node counts the records that it hands on. */
  countsOut(node: string): OutCount;
  /**
   * Asks the exception handler about what the node could not process. Returns when that record alone is dropped.
   *
   * @throws RecordError when the application is to stop
   */
  failed(node: string, error: unknown, key?: unknown, value?: unknown, timestamp?: number): void;
  /** As `failed`, for what a sink could not serialize. */
  failedToProduce(node: string, error: unknown, key: unknown, value: unknown, timestamp: number): void;
  /** @param node whose punctuator it is, for messages */
  schedule(node: string, intervalMs: number, type: PunctuationType, punctuator: Punctuator): Cancellable;
  requestCommit(): void;
  now(): number;
}

/** A topology that cannot work; the message names the node and says what to do. */
export class TopologyError extends MillraceError<'INVALID_TOPOLOGY'> {
  constructor(message: string, options?: ErrorOptions) {
    super('INVALID_TOPOLOGY', message, options);
  }
}
