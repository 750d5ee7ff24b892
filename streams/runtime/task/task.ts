import { type CommitResult, type Headers, NO_HEADERS, type RecordCursor } from '../../log/log.js';
import { SerdePendingError } from '../../serde/serde.js';
import type { StateDatabase } from '../../state/state-database.js';
import type { StateStore } from '../../state/state-store.js';
import { repartitionSourceName } from '../../topology/description.js';
import type { Cancellable, PunctuationType, Punctuator, RecordMetadata } from '../../topology/processor.js';
import { toTimestamp } from '../../topology/timestamp.js';
import {
  type CompiledNode,
  type Forward,
  type LateRecord,
  type RepartitionNode,
  type SourceNode,
  type SubTopology,
  type TaskContext,
  TopologyError,
} from '../../topology/topology.js';
import type { NodeCounter } from '../counters.js';
import { countLate, countSkipped } from '../metrics.js';
import { decodeRepartitionRecord, type OriginalRecord } from '../repartition/repartition-record.js';
import type { RepartitionSink } from '../repartition/repartition-sink.js';
import { Punctuations } from './punctuations.js';
import { RecordCopies } from './record-copies.js';
import { RecordErrors } from './record-errors.js';
import type { TaskEnvironment } from './task-environment.js';
import { TaskGraph } from './task-graph.js';
import { type Input, TaskInputs } from './task-inputs.js';
import type { TaskState } from './task-state.js';
import { TaskTime } from './task-time.js';
import { lookAhead, TimeAhead } from './time-ahead.js';

/** A sub-topology over one partition: its operators, compiled into one chain of calls, and its stores. */
export class Task implements TaskContext {
  readonly id: string;
  readonly subTopology: SubTopology;
  readonly partition: number;
  readonly applicationId: string;
  /** See `TaskContext`; -1 before the first record. */
  partitionTime = -1;
  readonly time: TaskTime;
  readonly inputs: TaskInputs;
  /** By topic, as of the last commit that is durable here. */
  committedOffsets: ReadonlyMap<string, number> = new Map();
  readonly #timeAhead: TimeAhead;
  readonly #nodes: CompiledNode[] = [];
  readonly #graph: TaskGraph;
  readonly #copies: RecordCopies;
  readonly #errors: RecordErrors;
  readonly #streamPunctuations = new Punctuations('stream-time');
  readonly #wallClockPunctuations = new Punctuations('wall-clock-time');
  #isActive = false;
  #current: Input | undefined;
  #headers: Headers | undefined;
  /** The task that read the record being processed, when that is another one. */
  #origin: Task | undefined;
  #late: LateRecord[] = [];
  /** Stands at a record that could not be decoded yet. */
  #pendingCursor: RecordCursor | undefined;

  constructor(
    readonly state: TaskState,
    readonly environment: TaskEnvironment,
  ) {
    const { id, partition, subTopology } = state;
    this.id = id;
    this.subTopology = subTopology;
    this.partition = partition;
    this.applicationId = environment.applicationId;
    this.time = new TaskTime(environment.monotonicMs, environment.endsAreKnown);
    this.#timeAhead = new TimeAhead(environment.maxTimeAheadMs, environment.now);
    this.inputs = new TaskInputs(this.time);
    this.#copies = new RecordCopies(environment, partition);
    this.#errors = new RecordErrors(this, environment, this.#copies);
    this.#graph = new TaskGraph(this, environment);
    for (const node of subTopology.nodes) {
      const compiled = this.#graph.compile(node);
      if (!this.#nodes.includes(compiled)) this.#nodes.push(compiled);
    }
    for (const source of subTopology.sources) {
      for (const topic of source.topics) {
        if (partition < environment.partitions(topic)) this.#addInput(topic, source);
      }
    }
    for (const source of subTopology.repartitionSources) {
      const repartition = environment.repartition(source);
      const topic = repartition.kind === 'topic' ? repartition.topic : repartition.leftover;
      if (topic !== undefined) this.#addInput(topic, source);
    }
  }

  /** Whether its state is whole. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** Its state is restored, up to what it reads on from. */
  activate(): void {
    this.committedOffsets = this.inputs.offsets();
    this.#isActive = true;
  }

  get watermark(): number {
    return this.time.watermark;
  }

  get stores(): ReadonlyMap<string, StateStore> {
    return this.state.stores;
  }

  get database(): StateDatabase | undefined {
    return this.state.database;
  }

  get recordMetadata(): RecordMetadata | undefined {
    if (this.#origin !== undefined) return this.#origin.recordMetadata;
    const cursor = this.#current?.cursors[0];
    return cursor && { topic: cursor.topic, partition: cursor.partition, offset: cursor.offset };
  }

  get headers(): Headers {
    const reader = this.#origin ?? this;
    return this.#headers ?? reader.#headers ?? reader.#current?.cursors[0]?.headers ?? NO_HEADERS;
  }

  /** The record being processed, as it was read; undefined where none is, as in a punctuator or at a commit. */
  get original(): OriginalRecord | undefined {
    if (this.#origin !== undefined) return this.#origin.original;
    const cursor = this.#current?.cursors[0];
    return cursor && this.inputs.originalOf(cursor);
  }

  /** The headers that it was read with. */
  get originalHeaders(): Headers | undefined {
    return (this.#origin ?? this).#current?.cursors[0]?.headers;
  }

  withHeaders(headers: Headers, work: () => void): void {
    const before = this.#headers;
    this.#headers = headers;
    try {
      work();
    } finally {
      this.#headers = before;
    }
  }

  store(name: string): StateStore {
    const store = this.stores.get(name);
    if (store === undefined) {
      throw new TopologyError(`task ${this.id} has no store "${name}"; name it among the processor's stores`);
    }
    return store;
  }

  globalTable(name: string): (key: unknown) => unknown {
    return this.environment.globalTable(name);
  }

  reportLate(late: LateRecord): void {
    countLate(this.environment.metrics, late);
    this.environment.counters.node(this.id, late.node).late++;
    (this.#origin ?? this).#late.push(late);
  }

  failed(node: string, error: unknown, key?: unknown, value?: unknown, timestamp?: number): void {
    this.#errors.handle('PROCESSING', node, error, { key, value, timestamp });
  }

  failedToProduce(node: string, error: unknown, key: unknown, value: unknown, timestamp: number): void {
    this.#errors.handle('PRODUCTION', node, error, { key, value, timestamp });
  }

  reportSkipped(node: string, reason: string): void {
    countSkipped(this.environment.metrics, node, reason);
    this.environment.counters.node(this.id, node).skipped++;
  }

  countsOut(node: string): NodeCounter {
    const counter = this.environment.counters.node(this.id, node);
    counter.isCounted = true;
    return counter;
  }

  reportCounted(node: string, records: number): void {
    const { counted } = this.environment.metrics;
    counted[node] = (counted[node] ?? 0) + records;
  }

  schedule(node: string, intervalMs: number, type: PunctuationType, punctuator: Punctuator): Cancellable {
    const punctuations = type === 'stream-time' ? this.#streamPunctuations : this.#wallClockPunctuations;
    const guarded = async (timestamp: number) => {
      try {
        await punctuator(timestamp);
      } catch (error) {
        this.failed(node, error);
      }
    };
    return punctuations.schedule(intervalMs, guarded, this.environment.monotonicMs());
  }

  requestCommit(): void {
    this.environment.requestCommit();
  }

  now(): number {
    return this.environment.now();
  }

  /** After the stores are restored, before the first record. */
  init(): void {
    for (const node of this.#nodes) node.init?.();
  }

  /** Goes on from a committed position. */
  seek(topic: string, offset: number, metadata: string): void {
    this.inputs.seek(topic, offset, metadata);
    this.partitionTime = this.time.highest;
    if (this.time.mayBeBehind) this.resumeBehind();
  }

  /** The tasks that this one feeds may have closed windows that its next records are for. */
  resumeBehind(): void {
    for (const sink of this.#graph.repartitionSinks) sink.resumeBehind();
  }

  /** What was flushed is in the log. */
  committed(result: CommitResult): void {
    for (const sink of this.#graph.repartitionSinks) sink.committed(result);
  }

  get repartitionSinks(): readonly RepartitionSink[] {
    return this.#graph.repartitionSinks;
  }

  /** What `run` stopped for. */
  get punctuationIsDue(): boolean {
    return this.streamPunctuationIsDue || this.#wallClockPunctuations.nextAt <= this.environment.monotonicMs();
  }

  get streamPunctuationIsDue(): boolean {
    return this.#streamPunctuations.nextAt <= this.#streamTime();
  }

  async punctuate(): Promise<void> {
    const streamTime = this.#streamTime();
    this.partitionTime = Math.max(this.partitionTime, this.watermark);
    if (this.#streamPunctuations.nextAt <= streamTime) await this.#streamPunctuations.punctuate(streamTime, streamTime);
    const monotonicMs = this.environment.monotonicMs();
    if (this.#wallClockPunctuations.nextAt <= monotonicMs) {
      await this.#wallClockPunctuations.punctuate(monotonicMs, this.environment.now());
    }
    this.#countLate();
  }

  /**
   * Processes what was added, the record with the lowest timestamp first. While an input is empty whose log has more, it
   * waits: what comes there may be older. So does a record that is far ahead, for those that follow it.
   *
   * @param hasMore undefined when that is not known; see `TaskInputs#askForMore`
   * @returns false when it stopped before the end because a punctuation is due
   * @throws SerdePendingError when a record cannot be decoded yet; call again when it is ready
   */
  run(hasMore: ((topic: string) => boolean) | undefined): boolean {
    for (;;) {
      const input = this.#lowest(hasMore);
      if (input === undefined) return true;
      this.#process(input);
      if (this.#streamPunctuations.nextAt <= this.time.highest) return false;
    }
  }

  /** Takes a record from another task of this process, within the same transaction. */
  receive(forward: Forward, key: unknown, value: unknown, timestamp: number, from: Task): void {
    const origin = this.#origin;
    this.partitionTime = from.partitionTime;
    this.#origin = from.#origin ?? from;
    try {
      forward(key, value, timestamp);
    } finally {
      this.#origin = origin;
    }
  }

  /** Where the node's records are handed on to, for tasks of this process. */
  entry(node: RepartitionNode): Forward {
    return this.#graph.forwardTo(node.children);
  }

  /** Forwards what operators held back, and appends what stores have to say to their changelogs. */
  flush(): void {
    this.partitionTime = Math.max(this.partitionTime, this.watermark);
    for (const node of this.#nodes) node.flush?.();
    for (const sink of this.#graph.repartitionSinks) sink.flush();
    this.time.mayBeBehind = this.#graph.repartitionSinks.some(({ isBehind }) => isBehind);
    this.#countLate();
    if (!this.environment.keepsState()) return;
    const transaction = this.environment.transaction();
    const now = this.environment.now();
    for (const store of this.stores.values()) {
      const topic = this.state.changelogTopic(store.name);
      store.flush(
        (key, value) => {
          this.environment.metrics.changelogRecords++;
          transaction.append(topic, this.partition, now, key, value);
        },
        (error, key, value, timestamp) => this.failed(store.name, error, key, value, timestamp),
      );
    }
  }

  /** The end of the input: every window closes. */
  drain(): void {
    for (const node of this.#nodes) node.drain?.();
    this.#countLate();
  }

  close(): void {
    for (const node of this.#nodes) node.close?.();
  }

  #streamTime(): number {
    return Math.max(this.time.highest, this.time.watermark);
  }

  #addInput(topic: string, source: SourceNode | RepartitionNode): void {
    const node = source.kind === 'source' ? source.name : repartitionSourceName(source);
    this.inputs.open(topic, source, this.#graph.forwardTo(source.children), this.countsOut(node));
  }

  #lowest(hasMore: ((topic: string) => boolean) | undefined): Input | undefined {
    const { all } = this.inputs;
    const only = all.length === 1 ? all[0] : undefined;
    if (only !== undefined) return only.hasHead || this.#decodeHead(only, hasMore) ? only : undefined;
    let lowest: Input | undefined;
    for (const input of all) {
      if (!input.hasHead && !this.#decodeHead(input, hasMore)) {
        if (hasMore?.(input.topic)) return undefined;
        continue;
      }
      if (lowest === undefined || input.timestamp < lowest.timestamp) lowest = input;
    }
    return lowest;
  }

  /** Decodes the input's next record; false when it has none. */
  #decodeHead(input: Input, hasMore: ((topic: string) => boolean) | undefined): boolean {
    for (;;) {
      const cursor = input.cursors[0];
      if (cursor === undefined) return false;
      // A record whose schema was still to be fetched is tried again before the cursor moves on.
      if (cursor !== this.#pendingCursor && !cursor.next()) {
        input.position = cursor.nextOffset;
        input.cursors.shift();
        continue;
      }
      this.#pendingCursor = undefined;
      let isRecord = false;
      try {
        isRecord = this.#decode(input, cursor);
        // Compared here, for nearly every record is believed, and a call would allocate the numbers that it hands over.
        if (isRecord && input.timestamp > input.believedUntil && this.#isUndecided(input, hasMore)) return false;
      } catch (error) {
        if (error instanceof SerdePendingError) {
          this.#pendingCursor = cursor;
          throw error;
        }
        isRecord = false;
        this.#current = input;
        this.#errors.handle('DESERIALIZATION', input.source.name, error, { timestamp: input.cursors[0]?.timestamp });
        this.#current = undefined;
      }
      input.isWaiting = false;
      if (input.source.kind === 'source') this.environment.metrics.recordsConsumed++;
      if (isRecord) {
        input.count.out++;
        input.hasHead = true;
        return true;
      }
      // To see what follows, another may have been put in the cursor's place.
      input.position = (input.cursors[0] ?? cursor).offset + 1;
    }
  }

  /**
   * Whether it takes those that follow to tell if the record's time is to be believed. Then it is still to be read.
   *
   * @throws TimestampError when it is not
   */
  #isUndecided(input: Input, hasMore: ((topic: string) => boolean) | undefined): boolean {
    const { cursors, source, time, timestamp, topic } = input;
    if (time === undefined) return false;
    if (!this.#timeAhead.isDoubtful(timestamp, time.time)) {
      input.believedUntil = this.#timeAhead.believedUntil(time.time);
      return false;
    }
    const { following, isFull } = lookAhead(cursors, (cursor) => this.#timeIn(source, cursor));
    input.isWaiting = !isFull && (hasMore === undefined || hasMore(topic));
    if (input.isWaiting) return true;
    cursors[0]?.next();
    this.#timeAhead.judge(timestamp, following);
    return false;
  }

  /** Undefined for a record that cannot be decoded. @throws SerdePendingError */
  #timeIn(source: SourceNode | RepartitionNode, cursor: RecordCursor): number | undefined {
    const { valueBytes, valueEnd, valueStart, timestamp, topic } = cursor;
    if (source.kind !== 'source' || source.timestampExtractor === undefined || valueStart < 0) return timestamp;
    try {
      const value = source.valueSerde.deserialize(topic, valueBytes, valueStart, valueEnd);
      return toTimestamp(source.timestampExtractor(value, timestamp));
    } catch (error) {
      if (error instanceof SerdePendingError) throw error;
      return undefined;
    }
  }

  /** False when the record is the engine's own, or is to be skipped. */
  #decode(input: Input, cursor: RecordCursor): boolean {
    const { source, topic } = input;
    const { keyBytes, keyStart, valueBytes, valueStart } = cursor;
    let start = valueStart;
    if (source.kind === 'repartition') {
      const record = decodeRepartitionRecord(valueBytes, valueStart, cursor.valueEnd);
      if (record.kind === 'watermark') {
        this.time.upstream(topic, record.upstreamTask, record.word);
        return false;
      }
      if (record.kind === 'block') {
        input.count.out++;
        this.#current = input;
        for (const child of source.children) this.#graph.compile(child).mergeBlock?.(record.slice, record.block, false);
        this.#current = undefined;
        return false;
      }
      if (record.kind === 'single') {
        const { block, original, partitionTime, slice } = record;
        input.count.out++;
        this.#current = input;
        this.partitionTime = partitionTime;
        for (const child of source.children) this.#graph.compile(child).mergeBlock?.(slice, block, true);
        this.#current = undefined;
        const key = keyStart < 0 ? null : keyBytes.subarray(keyStart, cursor.keyEnd);
        if (this.#late.length > 0) this.#sendLate(original && { ...original, key }, cursor.headers);
        return false;
      }
      input.partitionTime = record.partitionTime;
      start = record.valueStart;
    }
    const { keySerde, valueSerde } = source;
    if (source.kind === 'source' && source.nulls !== 'keep') {
      const missing = start < 0 ? 'value' : keyStart < 0 && keySerde !== undefined ? 'key' : undefined;
      if (missing !== undefined) return this.#passOver(source, missing);
    }
    input.key =
      keyStart < 0 || keySerde === undefined ? null : keySerde.deserialize(topic, keyBytes, keyStart, cursor.keyEnd);
    input.value =
      start < 0 || valueSerde === undefined ? null : valueSerde.deserialize(topic, valueBytes, start, cursor.valueEnd);
    const extractor = source.kind === 'source' && input.value !== null ? source.timestampExtractor : undefined;
    // Two calls, for a time that is of one or of the other would be allocated.
    if (extractor === undefined) input.timestamp = toTimestamp(cursor.timestamp);
    else input.timestamp = toTimestamp(extractor(input.value, cursor.timestamp, input.time));
    return true;
  }

  /** False: a record that lacks something is to be skipped. @throws TypeError when it is to be refused */
  #passOver({ name, nulls }: SourceNode, missing: 'key' | 'value'): false {
    if (nulls === 'refuse') throw new TypeError(`it has no ${missing}`);
    this.reportSkipped(name, `null ${missing}`);
    return false;
  }

  #process(input: Input): void {
    input.hasHead = false;
    const cursor = input.cursors[0] as RecordCursor;
    this.#current = input;
    if (input.time !== undefined) {
      this.time.advance(input.time, input.timestamp);
      this.partitionTime = input.time.time;
    } else {
      this.partitionTime = input.partitionTime;
    }
    try {
      input.forward(input.key, input.value, input.timestamp);
    } catch (error) {
      // Nodes ask themselves about what they throw: this is of what lies between them.
      this.#errors.handle('PROCESSING', input.source.name, error, input);
    }
    if (this.#late.length > 0) this.#sendLate(this.inputs.originalOf(cursor), cursor.headers);
    input.position = cursor.offset + 1;
    this.#current = undefined;
  }

  /** What was late though no record is being processed, as what a punctuator forwards, is counted and has no copy. */
  #countLate(): void {
    if (this.#late.length > 0) this.#sendLate(undefined, NO_HEADERS);
  }

  #sendLate(original: OriginalRecord | undefined, headers: Headers): void {
    const late = this.#late;
    this.#late = [];
    this.#copies.late(late, original, headers);
  }
}
