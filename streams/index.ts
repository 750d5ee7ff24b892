/** The words that a program is written in, and what runs it; logs come from `./embedded` and `./kafka`. */
export type { Duration } from './dsl/duration.js';
export { toMilliseconds } from './dsl/duration.js';
export type { GlobalKTable } from './dsl/global-ktable.js';
export { JoinWindows } from './dsl/join-windows.js';
export type { KGroupedStream } from './dsl/kgrouped-stream.js';
export type { KGroupedTable } from './dsl/kgrouped-table.js';
export type { BranchedKStream, Branches, KStream } from './dsl/kstream.js';
export type { KTable } from './dsl/ktable.js';
export type {
  Aggregator,
  Buffered,
  Consumed,
  ConsumedWithoutKey,
  Grouped,
  GroupedRows,
  Joined,
  KeepingAggregator,
  Materialized,
  MaterializedTable,
  Named,
  NotNull,
  NullHandling,
  Produced,
  RecordPart,
  Reduced,
  Repartitioned,
  SessionAggregator,
  StreamJoined,
  TableAggregator,
  TableOf,
  WithNulls,
  WithoutNulls,
} from './dsl/options.js';
export { type SessionStoreOptions, sessionStore } from './dsl/session-store.js';
export type { SessionWindowedKStream } from './dsl/session-windowed-kstream.js';
export { SessionWindows } from './dsl/session-windows.js';
export type { SlidingWindowedKStream } from './dsl/sliding-windowed-kstream.js';
export { SlidingWindows } from './dsl/sliding-windows.js';
export { keyValueStore, StreamsBuilder } from './dsl/streams-builder.js';
export { BufferConfig, Suppressed, type UntilTimeLimit, type UntilWindowCloses } from './dsl/suppressed.js';
export type { Synchronous } from './dsl/synchronous.js';
export type { TimeWindowedKStream } from './dsl/time-windowed-kstream.js';
export { TimeWindows } from './dsl/time-windows.js';
export { type VersionedStoreOptions, versionedStore } from './dsl/versioned-store.js';
export { ArgumentError, LifecycleError, MillraceError } from './errors.js';
export { callsUnderWay } from './log/kafka/calls-under-way.js';
export {
  type CleanupPolicy,
  type CommitResult,
  type CommittedOffset,
  DELETE_RETENTION_MS,
  type Gap,
  type GroupConsumer,
  type GroupOffset,
  type Header,
  type Headers,
  type Log,
  type LogConsumer,
  LogError,
  NO_HEADERS,
  type Rebalance,
  type RecordCursor,
  type TopicConfig,
  type TopicPartition,
  type Transaction,
  type WriteSessions,
} from './log/log.js';
export { partitionForKey, partitionForString } from './log/partitioner.js';
export type { AutoOffsetReset } from './log/start-offset.js';
export type { EmitStrategy } from './operators/windows/windowed-aggregate.js';
export type { ApplicationServer, ApplicationServerTls } from './queries/remote/application-server.js';
export { type InstanceQuery, StateQueryClient } from './queries/remote/state-query-client.js';
export type { StateQueryHandler } from './queries/remote/state-query-handler.js';
export { STATE_QUERIES_PATH } from './queries/remote/state-query-wire.js';
export type { AnywhereOptions, QueryAnywhere, StateQueries } from './queries/state-queries.js';
export {
  type KeyQuery,
  type PartitionAnswer,
  type PartitionFailure,
  type PartitionSuccess,
  type Position,
  type RangeQuery,
  type SessionKeyQuery,
  type SessionRangeQuery,
  type StateQuery,
  StateQueryError,
  type StateQueryFailure,
  type StateQueryRequest,
  type StateQueryResult,
  type VersionedKeyQuery,
  type VersionHistoryQuery,
  type WindowKeyQuery,
  type WindowRangeQuery,
} from './queries/state-query.js';
export type { KeyQueryMetadata, StorePartitioner, StreamsMetadata } from './queries/streams-metadata.js';
export type { LagInfo } from './queries/task-stores.js';
export type { DurationHistogram } from './runtime/counters.js';
export type { HostInfo, Partitions } from './runtime/group/group-members.js';
export type { StandbyTask } from './runtime/group/standby-tasks.js';
export { type LateMetrics, newMetrics, type StreamsMetrics } from './runtime/metrics.js';
export type { NodeMetrics } from './runtime/node-metrics.js';
export type { PartitionMetrics, RuntimeMetrics, StoreMetrics, TaskMetrics } from './runtime/runtime-metrics.js';
export type { StreamsSpan, StreamsTracer } from './runtime/tracing.js';
export { type Json, jsonSerde } from './serde/json.js';
export { numberSerde } from './serde/number.js';
export { deserializeWhenReady, type Serde, type SerdeFor, SerdePendingError } from './serde/serde.js';
export { stringSerde } from './serde/string.js';
export type { KeyValueStore, KeyValueStoreOptions } from './state/key-value/key-value-store.js';
export type {
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedStore,
  ReadOnlyWindowStore,
} from './state/read-only-stores.js';
export type { LiveSessions } from './state/sessions/live-session-store.js';
export type { SessionStore } from './state/sessions/processor-session-store.js';
export { StateError } from './state/state-database.js';
export type { VersionedRecord } from './state/versioned/history.js';
export type { VersionedKeyValueStore } from './state/versioned/versioned-store.js';
export type { LiveWindows } from './state/windows/live-window-store.js';
export type { TimeWindow, Windowed } from './state/windows/windowed.js';
export {
  type StateListener,
  Streams,
  type StreamsConfig,
  type StreamsState,
  type UncaughtExceptionHandler,
  type UncaughtExceptionResponse,
} from './streams.js';
export { APPLICATION_ID_RULE, isApplicationId } from './topology/application-id.js';
export { describeTopology } from './topology/describe.js';
export {
  type DescribedGlobalStore,
  type DescribedNode,
  type DescribedStore,
  type DescribedSubtopology,
  type TopologyDescription,
  topologyDescription,
} from './topology/description.js';
export { dotOf, mermaidOf } from './topology/drawing.js';
export {
  type ErrorContext,
  type ExceptionHandler,
  type ExceptionResponse,
  RecordError,
  type RecordErrorCode,
} from './topology/exception-handlers.js';
export type {
  Cancellable,
  KeyValueStoreDefinition,
  Processor,
  ProcessorContext,
  ProcessorSupplier,
  PunctuationType,
  Punctuator,
  RecordMetadata,
  SessionStoreDefinition,
  StreamRecord,
  Unused,
  VersionedStoreDefinition,
} from './topology/processor.js';
export {
  type SourcePartition,
  type StoreDefinition,
  type StoreSerdes,
  type StoreType,
  type TimestampExtractor,
  type Topology,
  TopologyError,
} from './topology/topology.js';
