import { type Duration, toMilliseconds } from './dsl/duration.js';
import { ArgumentError, LifecycleError } from './errors.js';
import type { Log } from './log/log.js';
import type { AutoOffsetReset } from './log/start-offset.js';
import { ApplicationQueries } from './queries/application-queries.js';
import { localStateQueries } from './queries/local-state-queries.js';
import { LocalKeyValueStore, LocalSessionStore, LocalVersionedStore, LocalWindowStore } from './queries/local-store.js';
import { type ApplicationServer, checkServer, hostOf } from './queries/remote/application-server.js';
import { StateQueryClient } from './queries/remote/state-query-client.js';
import { type StateQueryHandler, stateQueryHandler } from './queries/remote/state-query-handler.js';
import { type StateQueryServer, serveStateQueries } from './queries/remote/state-query-server.js';
import type { AnywhereOptions, QueryAnywhere, StateQueries } from './queries/state-queries.js';
import { StateQueryError, type StateQueryRequest } from './queries/state-query.js';
import {
  ApplicationMetadata,
  type KeyQueryMetadata,
  type StorePartitioner,
  type StreamsMetadata,
} from './queries/streams-metadata.js';
import { type LagInfo, TaskStores } from './queries/task-stores.js';
import type { HostInfo } from './runtime/group/group-members.js';
import { ShutdownRequests } from './runtime/group/shutdown-requests.js';
import type { StandbyTask } from './runtime/group/standby-tasks.js';
import type { StreamsMetrics } from './runtime/metrics.js';
import type { RuntimeMetrics } from './runtime/runtime-metrics.js';
import { StreamThread } from './runtime/stream-thread.js';
import type { StreamThreadConfig } from './runtime/stream-thread-config.js';
import type { StreamsTracer } from './runtime/tracing.js';
import type { Serde } from './serde/serde.js';
import type {
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedStore,
  ReadOnlyWindowStore,
} from './state/read-only-stores.js';
import { APPLICATION_ID_RULE, isApplicationId } from './topology/application-id.js';
import { deserializationHandler, type ExceptionHandler } from './topology/exception-handlers.js';
import { type StoreType, type Topology, TopologyError } from './topology/topology.js';
import { UnheardFailure } from './unheard-failure.js';

/** A partition that is silent for this long may be at its end; the log is asked. */
const END_SILENCE_MS = 1000;

/** Kafka Streams' life cycle. */
export type StreamsState =
  | 'CREATED'
  | 'REBALANCING'
  | 'RUNNING'
  | 'PENDING_SHUTDOWN'
  | 'NOT_RUNNING'
  | 'PENDING_ERROR'
  | 'ERROR';

export type StateListener = (state: StreamsState, before: StreamsState) => void;

/**
 * What becomes of an application that an error has stopped. Nothing of what was not committed is lost: it is processed again.
 *
 * - `replace-thread`: it goes on from what is committed, in the states `REBALANCING` and `RUNNING`. Where the error is of a
 *   record, that comes again, and so may the error: count them.
 * - `shutdown-client`: this instance ends, in the state `ERROR`; its partitions go to the others.
 * - `shutdown-application`: all instances end, in the state `ERROR`.
 */
export type UncaughtExceptionResponse = 'replace-thread' | 'shutdown-client' | 'shutdown-application';

export type UncaughtExceptionHandler = (error: Error) => UncaughtExceptionResponse;

/** The options of an application. */
export interface StreamsConfig {
  /** Names the consumer group, the internal topics and the state directory. */
  readonly applicationId: string;
  readonly log: Log;
  /** Where tasks keep their state; without one it is in memory, and rebuilt from the changelogs at each start. */
  readonly stateDirectory?: string;
  /**
   * How many processes may be lost at a time, so that those which then get their tasks have the state already: by so many
   * others is each task's state kept. Kafka Streams' `num.standby.replicas`, and the same for all processes; where no
   * group shares out the work there is nothing to keep. Default 0.
   */
  readonly numStandbyReplicas?: number;
  /** Where other instances of the application can ask this one for its state; Kafka Streams' `application.server`. */
  readonly applicationServer?: ApplicationServer;
  /**
   * Default 100 ms. Results are out, and crashes cost, at most this long; up to five times as long while there is always
   * more to read than was processed, as at a catch-up.
   */
  readonly commitInterval?: Duration;
  /** A commit comes early when stores hold this many uncommitted entries. Default 500,000. */
  readonly maxUncommittedEntries?: number;
  /** A commit comes early when its transaction has this many bytes. Default 32 MiB. */
  readonly maxTransactionBytes?: number;
  /**
   * A source partition that has been silent for this long no longer holds back windows; when all are, the wall clock moves
   * the watermark on. That is for live input. Default `'never'`.
   */
  readonly idle?: Duration | 'never';
  /**
   * A source partition that has fallen silent, and whose log holds no more, holds back windows until the others are this
   * far ahead of it in event time. One that never had a record holds back none. Either way what it brings later is counted,
   * or in the late topic. Default 1 minute; `'never'`: it holds them back however far, and state grows.
   */
  readonly maxHoldBack?: Duration | 'never';
  /**
   * A record whose time is further ahead than this, of the wall clock or of its partition's time and of most of the records
   * that follow it, would make all others late. The deserialization exception handler is asked, with a `TimestampError`
   * `TIME_AHEAD`; by default it is a dead letter, or, without a dead-letter topic, skipped and counted. Default 1 day.
   */
  readonly maxTimeAhead?: Duration | 'never';
  /**
   * `auto`: tasks of one process hand records on directly where the log allows it; `topic`: always by way of
   * repartition topics. The results are the same. Default `auto`.
   */
  readonly repartition?: 'auto' | 'topic';
  /**
   * Where a topic is read from in which the application has no position, or one that the log no longer has; the latter is
   * told by a warning, and counted in the metrics. With `none` the application does not start. Default `earliest`.
   */
  readonly autoOffsetReset?: AutoOffsetReset;
  /** Gets records that cannot be decoded, with the reason in headers. The topic must exist. */
  readonly deadLetterTopic?: string;
  /** Gets a copy of each record that was late for one of its windows, with how late in headers. It must exist. */
  readonly lateTopic?: string;
  /** Default: `dead-letter` with a dead-letter topic, else `fail`; see `maxTimeAhead`. */
  readonly deserializationExceptionHandler?: ExceptionHandler;
  /**
   * For what an operator, an aggregate, a punctuator or the serde of a store throws, with a record or at a commit. What
   * it passes over is dropped at that operator alone. Default: `fail`.
   */
  readonly processingExceptionHandler?: ExceptionHandler;
  /** For what cannot be serialized for a topic. Default: the processing exception handler. */
  readonly productionExceptionHandler?: ExceptionHandler;
  /**
   * Asked about what has stopped the application, a record that an exception handler lets fail among it; not about what
   * `start` throws. Default: `shutdown-client`, and, where there is no state listener either, the failure is reported on standard
   * error and the process ends with code 1, unless `close`, `drain` or `failure` tell it to somebody within two seconds.
   */
  readonly uncaughtExceptionHandler?: UncaughtExceptionHandler;
  /**
   * Of OpenTelemetry's API, as `trace.getTracer('my-app')`: each poll that brought records, each turn of processing and each
   * commit is a span. Default: none, at no cost.
   */
  readonly tracer?: StreamsTracer;
  /** The wall clock, in milliseconds since the epoch. Event time is compared with it; nothing waits by it. */
  readonly now?: () => number;
  /** Milliseconds by a clock that is never set back; intervals and silences go by it. Default: `performance.now`. */
  readonly monotonicMs?: () => number;
}

/** An application: a topology that runs on a log. */
export class Streams {
  readonly #topology: Topology;
  readonly #threadConfig: StreamThreadConfig;
  #thread: StreamThread;
  readonly #handler: UncaughtExceptionHandler | undefined;
  /** Where instances share the work and one of them can shut down all. */
  #shutdownRequests: ShutdownRequests | undefined;
  #host: HostInfo | undefined;
  readonly #stores: TaskStores;
  readonly #queries: StateQueries;
  readonly #metadata: ApplicationMetadata;
  readonly #anywhere: ApplicationQueries;
  readonly #server: ApplicationServer | undefined;
  #listening: StateQueryServer | undefined;
  readonly #listeners = new Set<StateListener>();
  #state: StreamsState = 'CREATED';
  #running: Promise<void> | undefined;
  #stopping = false;
  #drains: Drain[] = [];
  #failure: Error | undefined;
  /** Until the failure has been reported. */
  #unheard: UnheardFailure | undefined;
  readonly #applicationId: string;

  /** @throws TopologyError when there is nothing to read, or an id is no name that topics can have; ArgumentError */
  constructor(topology: Topology, config: StreamsConfig) {
    checkOptions(config);
    if (!isApplicationId(config.applicationId)) {
      const shown = JSON.stringify(config.applicationId);
      throw new TopologyError(`the application id ${shown} cannot be used: it must be ${APPLICATION_ID_RULE}`);
    }
    if (topology.subTopologies.every(({ sources }) => sources.length === 0)) {
      throw new TopologyError('the topology reads no topic; begin with the stream or the table of a builder');
    }
    this.#applicationId = config.applicationId;
    this.#topology = topology;
    this.#handler = config.uncaughtExceptionHandler;
    this.#server = config.applicationServer;
    this.#host = hostOf(config.applicationServer);
    this.#threadConfig = {
      applicationId: config.applicationId,
      log: config.log,
      host: () => this.#host,
      stateDirectory: config.stateDirectory,
      numStandbyReplicas: config.numStandbyReplicas ?? 0,
      commitIntervalMs: toMilliseconds(config.commitInterval ?? 100, 'the commit interval'),
      maxUncommittedEntries: config.maxUncommittedEntries ?? 500_000,
      maxTransactionBytes: config.maxTransactionBytes ?? 32 * 1024 * 1024,
      time: {
        idleMs: orNever(config.idle, 'never', 'the idle time'),
        endSilenceMs: END_SILENCE_MS,
        maxHoldBackMs: orNever(config.maxHoldBack, '1m', 'the time for which silent partitions hold back windows'),
      },
      maxTimeAheadMs: orNever(config.maxTimeAhead, '1d', 'how far a time may be ahead'),
      repartition: config.repartition ?? 'auto',
      deadLetterTopic: config.deadLetterTopic,
      lateTopic: config.lateTopic,
      autoOffsetReset: config.autoOffsetReset ?? 'earliest',
      tracer: config.tracer,
      deserializationExceptionHandler:
        config.deserializationExceptionHandler ?? deserializationHandler(config.deadLetterTopic),
      processingExceptionHandler: config.processingExceptionHandler ?? (() => 'fail'),
      productionExceptionHandler:
        config.productionExceptionHandler ?? config.processingExceptionHandler ?? (() => 'fail'),
      now: config.now ?? Date.now,
      monotonicMs: config.monotonicMs ?? (() => performance.now()),
    };
    this.#thread = new StreamThread(topology, this.#threadConfig);
    this.#stores = new TaskStores(() => this.#thread.running);
    this.#queries = localStateQueries(this.#stores);
    this.#metadata = new ApplicationMetadata(this.#stores, () => this.#host);
    const [local, stores, metadata] = [{ query: this.query }, this.#stores, this.#metadata];
    const client = new StateQueryClient(config.applicationServer);
    const token = config.applicationServer?.token;
    this.#anywhere = new ApplicationQueries({ local, stores, metadata, client });
    this.stateQueryHandler = stateQueryHandler({ queries: local, serdes: (store) => stores.serdes(store), token });
  }

  /** Where the application is in its life; see `onStateChange`. */
  get state(): StreamsState {
    return this.#state;
  }

  /** What stopped the application, in the state `ERROR`. */
  get failure(): Error | undefined {
    this.#unheard?.heard();
    return this.#failure;
  }

  /** What was read, written, skipped and late since the start, and how long commits take. */
  get metrics(): Readonly<StreamsMetrics> {
    return this.#thread.metrics;
  }

  /**
   * What runs, by task, node, store and partition, and how long commits take; see docs/metrics.md. The log is asked for the
   * ends of partitions: call it about once a second, for a lag in milliseconds is told by how the ends have moved.
   */
  runtimeMetrics(): Promise<RuntimeMetrics> {
    return this.#thread.runtimeMetrics();
  }

  /** The lowest of the tasks' partition times, in milliseconds since the epoch; -1 before the first record. */
  get streamTime(): number {
    return this.#thread.streamTime;
  }

  /** Records that are still to be processed. */
  lag(): Promise<number> {
    return this.#thread.lag();
  }

  /**
   * A store as of the last commit, of the tasks that this process runs: all of them where one process runs the
   * application. It stays usable while tasks come and go. Aggregates with windows of time are of the kind `window`, those
   * of sessions of the kind `session`, versioned tables of the kind `versioned`, all others of the kind `key-value`.
   *
   * @throws StateQueryError UNKNOWN_STORE; WRONG_KIND; NOT_RUNNING; NOT_AVAILABLE while tasks are being opened, which its
   *   methods throw, too
   */
  store<K, V>(name: string, kind?: 'key-value'): ReadOnlyKeyValueStore<K, V>;
  store<K, V>(name: string, kind: 'window'): ReadOnlyWindowStore<K, V>;
  store<K, V>(name: string, kind: 'session'): ReadOnlySessionStore<K, V>;
  store<K, V>(name: string, kind: 'versioned'): ReadOnlyVersionedStore<K, V>;
  store(name: string, kind: StoreType = 'key-value'): unknown {
    this.#requireRunning();
    switch (kind) {
      case 'key-value':
        return new LocalKeyValueStore(this.#stores, name);
      case 'window':
        return new LocalWindowStore(this.#stores, name);
      case 'session':
        return new LocalSessionStore(this.#stores, name);
      case 'versioned':
        return new LocalVersionedStore(this.#stores, name);
    }
  }

  /**
   * Asks a store, partition by partition, for what was committed, with the position that each answer counts at least. What
   * a partition cannot answer is its own failure; processing goes on meanwhile.
   *
   * @example
   * const { partitions } = await streams.query<number>({ store: 'counts', query: { type: 'key', key: 'a' } });
   * @throws StateQueryError UNKNOWN_STORE, NOT_RUNNING
   */
  readonly query: StateQueries['query'] = ((request: Parameters<StateQueries['query']>[0]) => {
    this.#requireRunning();
    return this.#queries.query(request);
  }) as StateQueries['query'];

  /**
   * As `query`, of the whole application: a partition that another instance has is asked for there, over HTTP, and that
   * instance asks nobody else. Of a key, its partition alone is asked, and of what a processor keeps, all. Where the task does
   * not answer, and the request has a `maxLag`, standbys are asked.
   *
   * The instances need an `applicationServer`. An answer that is not read by the deadline fails.
   *
   * @example
   * const { partitions } = await streams.queryAnywhere<number>({ store: 'counts', query: { type: 'key', key: 'a' } });
   * @throws StateQueryError UNKNOWN_STORE, NOT_RUNNING; ArgumentError
   */
  readonly queryAnywhere: QueryAnywhere = (async (
    request: StateQueryRequest,
    { deadline = '10s' }: AnywhereOptions = {},
  ) => {
    this.#requireRunning();
    return this.#anywhere.query(request, toMilliseconds(deadline, 'the deadline of a query'));
  }) as QueryAnywhere;

  /**
   * Answers `queryAnywhere` of other instances, and whoever has the token of `applicationServer`: for an application with an
   * HTTP server of its own, which has it answer POST at `STATE_QUERIES_PATH`.
   *
   * @example createServer(streams.stateQueryHandler).listen(7070);
   * @example app.post(STATE_QUERIES_PATH, streams.stateQueryHandler); // Express
   */
  readonly stateQueryHandler: StateQueryHandler;

  /** All instances of the application, as they have told of themselves, this one first; those that are gone fall out. */
  metadataForAllStreamsClients(): readonly StreamsMetadata[] {
    this.#requireRunning();
    return this.#metadata.all();
  }

  /** The instances that have any partition of the store, as tasks or as standbys. @throws StateQueryError UNKNOWN_STORE */
  streamsMetadataForStore(store: string): readonly StreamsMetadata[] {
    this.#requireRunning();
    return this.#metadata.ofStore(store);
  }

  /**
   * Who has the key's partition of a store.
   *
   * @param by how the key becomes bytes where it was partitioned, or who numbers its partition; default: the store's serde,
   *   and Kafka's default partitioner
   * @throws StateQueryError UNKNOWN_STORE, NOT_RUNNING
   */
  queryMetadataForKey<K>(store: string, key: K, by?: Serde<K> | StorePartitioner<K>): KeyQueryMetadata {
    this.#requireRunning();
    return this.#metadata.ofKey(store, key, by);
  }

  /** How far the stores that are here are in their changelogs, by name and partition: those of tasks and of standbys. */
  allLocalStorePartitionLags(): Promise<ReadonlyMap<string, ReadonlyMap<number, LagInfo>>> {
    this.#requireRunning();
    return this.#stores.lags();
  }

  /** Tasks of other processes whose state is kept here, too. */
  standbyTasks(): Promise<readonly StandbyTask[]> {
    return this.#thread.standbyTasks();
  }

  /**
   * Calls the listener at each change of the state. A failure is then for it to tell: in `ERROR`, `failure` says which.
   *
   * @returns a function that removes the listener
   */
  onStateChange(listener: StateListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Restores state and starts to process. Where a group shares out the partitions it resolves when the group is joined,
   * in the state `REBALANCING`, and is `RUNNING` when it knows which of them are its own.
   *
   * @throws TopologyError, StateError, LogError when it cannot start; LifecycleError ALREADY_STARTED
   */
  async start(): Promise<void> {
    if (this.#state !== 'CREATED') {
      throw new LifecycleError('ALREADY_STARTED', `the application was started before; it is ${this.#state}`);
    }
    this.#transition('REBALANCING');
    try {
      await this.#listen();
      await this.#thread.start();
      const { applicationId, log } = this.#threadConfig;
      if (log.join !== undefined && this.#handler !== undefined) {
        this.#shutdownRequests = await ShutdownRequests.watch(log, applicationId);
      }
    } catch (error) {
      // `start` throws it.
      await this.#fail(error as Error, true);
      throw error;
    }
    if (this.#thread.isAssigned) this.#transition('RUNNING');
    this.#running = this.#run();
  }

  /**
   * Processes what the log holds now, closes every window, and resolves when that is committed. Goes on running. Where a
   * group shares the partitions it first waits until all of them are this process's.
   *
   * @param options.keepOpen afterwards the windows are open as they were: what comes later counts in them, and they are
   *   sent again, whole, when they close. Not on Kafka, nor where tasks feed each other by topic. Default false.
   * @throws what the application fails with; LifecycleError NOT_RUNNING, CLOSED
   */
  async drain({ keepOpen = false }: { readonly keepOpen?: boolean } = {}): Promise<void> {
    if (this.#failure !== undefined) throw this.failure;
    if (this.#running === undefined || this.#stopping) {
      throw new LifecycleError('NOT_RUNNING', `the application is not running; it is ${this.#state}`);
    }
    await new Promise<void>((resolve, reject) => {
      this.#drains.push({ keepOpen, resolve, reject });
    });
  }

  /** Commits and closes. Safe to call more than once. @throws what the application failed with, if it did */
  async close(): Promise<void> {
    this.#stopping = true;
    if (this.#state === 'RUNNING' || this.#state === 'REBALANCING') this.#transition('PENDING_SHUTDOWN');
    // `close` throws it.
    this.#unheard?.heard();
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#state === 'CREATED') this.#transition('NOT_RUNNING');
  }

  #requireRunning(): void {
    if (this.#state === 'RUNNING' || this.#state === 'REBALANCING') return;
    throw new StateQueryError('NOT_RUNNING', `the application is ${this.#state}; stores can be asked while it runs`);
  }

  async #listen(): Promise<void> {
    const { host = '', listen, port = 0, tls } = this.#server ?? {};
    if (listen === undefined) return;
    this.#listening = await serveStateQueries(this.stateQueryHandler, { host: listen, port }, tls);
    this.#host = { host, port: this.#listening.port };
  }

  async #run(): Promise<void> {
    for (;;) {
      try {
        await this.#work();
        return;
      } catch (error) {
        if (!(await this.#recover(error as Error))) return;
      }
    }
  }

  /** Until it is to stop. */
  async #work(): Promise<void> {
    const { monotonicMs } = this.#threadConfig;
    while (!this.#stopping) {
      if (this.#shutdownRequests?.isRequested(monotonicMs())) {
        throw new LifecycleError('SHUT_DOWN', 'another instance of the application has failed, and has shut down all');
      }
      const [next] = this.#drains;
      if (next !== undefined) {
        // What is asked for from now on may be of records that come meanwhile.
        const drains = this.#drains.filter(({ keepOpen }) => keepOpen === next.keepOpen);
        await (next.keepOpen ? this.#thread.preview() : this.#thread.drain());
        this.#drains = this.#drains.filter((drain) => !drains.includes(drain));
        for (const { resolve } of drains) resolve();
      }
      await this.#thread.runOnce(this.#thread.maxWaitMs);
      if (this.#state === 'REBALANCING' && this.#thread.isAssigned) this.#transition('RUNNING');
    }
    await this.#thread.close({ commit: true });
    await this.#listening?.close();
    this.#endDrains(new LifecycleError('CLOSED', 'the application was closed'));
    this.#transition('NOT_RUNNING');
  }

  /** Asks the handler whether the application continues. @returns whether it does */
  async #recover(error: Error): Promise<boolean> {
    let failure = error;
    for (;;) {
      const response = this.#responseTo(failure);
      if (response !== 'replace-thread' || this.#stopping) {
        await this.#fail(failure, this.#handler !== undefined);
        if (response === 'shutdown-application') await this.#shutDownOthers(failure);
        return false;
      }
      // Whatever closing says now is a consequence of the failure.
      await this.#thread.close({ commit: false }).catch(() => {});
      if (this.#state === 'RUNNING') this.#transition('REBALANCING');
      this.#thread = new StreamThread(this.#topology, this.#threadConfig, this.#thread);
      try {
        await this.#thread.start();
        if (this.#thread.isAssigned) this.#transition('RUNNING');
        return true;
      } catch (next) {
        failure = next as Error;
      }
    }
  }

  #responseTo(error: Error): UncaughtExceptionResponse {
    if (this.#handler === undefined || (error instanceof LifecycleError && error.code === 'SHUT_DOWN')) {
      return 'shutdown-client';
    }
    try {
      return this.#handler(error);
    } catch (thrown) {
      process.emitWarning(
        `the uncaughtExceptionHandler of the application "${this.#applicationId}" failed: ${(thrown as Error)?.message ?? thrown}`,
      );
      return 'shutdown-client';
    }
  }

  async #shutDownOthers({ message }: Error): Promise<void> {
    try {
      await this.#shutdownRequests?.request(`${process.pid}`, message);
    } catch (error) {
      process.emitWarning(
        `the other instances of the application "${this.#applicationId}" could not be shut down: ${(error as Error).message}`,
      );
    }
  }

  async #fail(error: Error, isHeard: boolean): Promise<void> {
    this.#failure = error;
    // `drain` and a `close` under way throw it.
    if (!isHeard && this.#listeners.size === 0 && this.#drains.length === 0 && !this.#stopping) {
      this.#unheard = new UnheardFailure(this.#applicationId, error);
    }
    this.#transition('PENDING_ERROR');
    this.#endDrains(error);
    await this.#listening?.close();
    // Whatever closing says now is a consequence of the failure that is reported.
    await this.#thread.close({ commit: false }).catch(() => {});
    this.#transition('ERROR');
  }

  #transition(state: StreamsState): void {
    const before = this.#state;
    this.#state = state;
    for (const listener of this.#listeners) {
      try {
        listener(state, before);
      } catch (error) {
        // What it does is not the application's work, which goes on.
        process.emitWarning(
          `a listener of the application "${this.#applicationId}" failed at ${state}: ${(error as Error)?.message ?? error}`,
        );
      }
    }
  }

  #endDrains(error: Error): void {
    for (const { reject } of this.#drains) reject(error);
    this.#drains = [];
  }
}

interface Drain {
  readonly keepOpen: boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const OPTIONS: Readonly<Record<keyof StreamsConfig, true>> = {
  applicationId: true,
  log: true,
  stateDirectory: true,
  numStandbyReplicas: true,
  tracer: true,
  applicationServer: true,
  commitInterval: true,
  maxUncommittedEntries: true,
  maxTransactionBytes: true,
  idle: true,
  maxHoldBack: true,
  maxTimeAhead: true,
  repartition: true,
  autoOffsetReset: true,
  deadLetterTopic: true,
  lateTopic: true,
  deserializationExceptionHandler: true,
  processingExceptionHandler: true,
  productionExceptionHandler: true,
  uncaughtExceptionHandler: true,
  now: true,
  monotonicMs: true,
};

function checkOptions(config: StreamsConfig): void {
  if (config.applicationServer !== undefined) checkServer(config.applicationServer);
  for (const name of Object.keys(config)) {
    if (!Object.hasOwn(OPTIONS, name)) {
      throw new ArgumentError(`there is no option "${name}"; there are ${Object.keys(OPTIONS).sort().join(', ')}`);
    }
  }
}

function orNever(given: Duration | 'never' | undefined, otherwise: Duration | 'never', what: string): number {
  const duration = given ?? otherwise;
  return duration === 'never' ? Number.POSITIVE_INFINITY : toMilliseconds(duration, what);
}
