/** Everything that an application needs of the engine. */
export type { Duration } from './dsl/duration.js';
export { toMilliseconds } from './dsl/duration.js';
export type { KGroupedStream, TimeWindowedKStream } from './dsl/kgrouped-stream.js';
export type { BranchedKStream, KStream } from './dsl/kstream.js';
export type { KTable } from './dsl/ktable.js';
export type {
  Aggregator,
  Consumed,
  ConsumedWithoutKey,
  Grouped,
  KeepingAggregator,
  Materialized,
  NullHandling,
  Produced,
  Repartitioned,
  WithoutNulls,
} from './dsl/options.js';
export { keyValueStore, StreamsBuilder } from './dsl/streams-builder.js';
export { TimeWindows } from './dsl/time-windows.js';
export { describeTopology } from './plan/describe.js';
export {
  type ErrorContext,
  type ExceptionHandler,
  type ExceptionResponse,
  RecordError,
} from './runtime/exception-handlers.js';
export type { LateMetrics, StreamsMetrics } from './runtime/metrics.js';
export type {
  Cancellable,
  Processor,
  ProcessorContext,
  ProcessorSupplier,
  PunctuationType,
  Punctuator,
  RecordMetadata,
  StreamRecord,
} from './runtime/processor.js';
export type { StandbyTask } from './runtime/standby-tasks.js';
export type { AutoOffsetReset } from './runtime/start-offset.js';
export { type TimestampExtractor, type Topology, TopologyError } from './runtime/topology.js';
export type { TimeWindow, Windowed } from './runtime/windowed.js';
export type { EmitStrategy } from './runtime/windowed-aggregate.js';
export { AvroSerde, type AvroSerdeOptions } from './serde/avro.js';
export { jsonSerde } from './serde/json.js';
export { numberSerde } from './serde/number.js';
export type { SchemaRegistry } from './serde/schema-registry.js';
export { type Serde, SerdePendingError } from './serde/serde.js';
export { stringSerde } from './serde/string.js';
export type { KeyValueStore } from './state/key-value-store.js';
export { StateError } from './state/state-database.js';
export { type StateListener, Streams, type StreamsConfig, type StreamsState } from './streams.js';
