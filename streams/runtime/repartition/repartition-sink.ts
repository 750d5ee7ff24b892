import type { CommitResult, CommittedOffset, TopicPartition } from '../../log/log.js';
import { partitionForKey, partitionForString } from '../../log/partitioner.js';
import type { Serde } from '../../serde/serde.js';
import { stringSerde } from '../../serde/string.js';
import type { Combiner } from '../../topology/combiner.js';
import { repartitionSinkName } from '../../topology/description.js';
import type { Forward, OutCount, RepartitionNode } from '../../topology/topology.js';
import type { Task } from '../task/task.js';
import type { TaskEnvironment } from '../task/task-environment.js';
import { committedTime } from '../task/task-time.js';
import { encodeBlock, encodeRecord, encodeSingle, encodeWatermark } from './repartition-record.js';

interface Target {
  readonly task: Task;
  readonly forward: Forward;
  readonly count: OutCount;
}

/**
 * How records get from a sub-topology to the next. `direct`: every task of both is in this process and one transaction
 * covers them, so a record is handed on by a call. `topic`: by way of the log.
 */
export type Repartition =
  | {
      readonly kind: 'direct';
      /** By partition. */
      readonly targets: readonly Target[];
      /** The topic, where runs that went by way of it have left records that nobody has read. */
      readonly leftover?: string | undefined;
    }
  | { readonly kind: 'topic'; readonly topic: string; readonly partitions: number };

/**
 * A task was absent, and is back: the tasks that it feeds may have closed windows meanwhile. It is behind until each of them
 * has committed the watermark that says so, and its time has passed what they were at then.
 */
interface Return {
  /** Where the watermark stands in each partition of the repartition topic; undefined until it is committed. */
  offsets: readonly number[] | undefined;
  /** The highest time of the tasks that read it, when all have read it. */
  passesAt: number;
}

/** The upstream end of a repartition. */
export class RepartitionSink {
  readonly process: Forward;
  readonly #node: RepartitionNode;
  readonly #task: Task;
  readonly #environment: TaskEnvironment;
  readonly #repartition: Repartition;
  /** Of what goes by way of a topic. */
  readonly #sent: OutCount | undefined;
  #combiner: Combiner | undefined;
  #announced = '';
  /** Set while what is sent may be for windows that are closed: records are then not combined, so that each can be reported as late. */
  #isBehind = false;
  #return: Return | undefined;

  constructor(node: RepartitionNode, task: Task, environment: TaskEnvironment) {
    this.#node = node;
    this.#task = task;
    this.#environment = environment;
    this.#repartition = environment.repartition(node);
    if (this.#repartition.kind === 'topic') this.#sent = task.countsOut(repartitionSinkName(node));
    this.process = this.#compile();
  }

  /** See `TaskTime#mayBeBehind`. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** By way of a topic: sends what was combined, then tells every partition its watermark. */
  flush(): void {
    const repartition = this.#repartition;
    if (repartition.kind === 'direct' || this.#node.isOfForeignKeys === true) return;
    const transaction = this.#environment.transaction();
    const { now } = this.#environment;
    this.#sendCombined(repartition.topic);
    const { absence, confirmations, watermark } = this.#task.time;
    const said = absence === 'none' ? `${watermark}` : `${watermark} ${absence} ${confirmations}`;
    if ((watermark < 0 && absence === 'none') || this.#announced === said) return;
    this.#announced = said;
    if (this.#combiner?.isForWindows) {
      if (absence !== 'none') {
        this.#isBehind = true;
        this.#return = undefined;
      } else if (this.#isBehind) {
        this.#return ??= { offsets: undefined, passesAt: Number.POSITIVE_INFINITY };
      }
    }
    const bytes = encodeWatermark(this.#task.partition, { time: watermark, absence, confirmations });
    for (let partition = 0; partition < repartition.partitions; partition++) {
      this.#countSent();
      transaction.append(repartition.topic, partition, now(), null, bytes);
    }
  }

  /** The task was behind when it was last committed. */
  resumeBehind(): void {
    this.#isBehind = this.#combiner?.isForWindows ?? false;
  }

  /** What was flushed is in the log. */
  committed(result: CommitResult): void {
    const repartition = this.#repartition;
    if (repartition.kind === 'direct' || this.#return === undefined || this.#return.offsets !== undefined) return;
    this.#return.offsets = Array.from(
      { length: repartition.partitions },
      (_, partition) => result.endOffset(repartition.topic, partition) ?? 0,
    );
  }

  /** Learns from what the tasks downstream have committed how far they are. */
  async catchUp(committed: (topicPartition: TopicPartition) => Promise<CommittedOffset | undefined>): Promise<void> {
    const repartition = this.#repartition;
    const pending = this.#return;
    const offsets = pending?.offsets;
    if (repartition.kind === 'direct' || pending === undefined || offsets === undefined) return;
    if (pending.passesAt !== Number.POSITIVE_INFINITY) return;
    const { topic } = repartition;
    const readers = await Promise.all(offsets.map((_, partition) => committed({ topic, partition })));
    const haveRead = offsets.every((offset, partition) => (readers[partition]?.offset ?? -1) >= offset);
    // Meanwhile the task may have been absent again: then this was not its return.
    if (haveRead) pending.passesAt = Math.max(...readers.map((reader) => committedTime(reader?.metadata ?? '')));
  }

  #compile(): Forward {
    const repartition = this.#repartition;
    const targets = repartition.kind === 'direct' ? repartition.targets : [];
    let send = repartition.kind === 'topic' ? this.#byTopic(repartition) : undefined;
    if (repartition.kind === 'direct' && this.#environment.handsOnBySerdes) send = this.#bySerdes(targets);
    const { keepsNullKeys = false } = this.#node;
    return (key, value, timestamp) => {
      if ((key === null || key === undefined) && !keepsNullKeys) {
        this.#task.reportSkipped(this.#node.name, 'null key');
        return;
      }
      try {
        if (send !== undefined) send(key, value, timestamp);
        else this.#handOn(targets, key, value, timestamp);
      } catch (error) {
        this.#task.failed(this.#node.name, error, key, value, timestamp);
      }
    };
  }

  #handOn(targets: readonly Target[], key: unknown, value: unknown, timestamp: number): void {
    const { keySerde, topic } = this.#node;
    const partition =
      typeof key === 'string' && keySerde === stringSerde
        ? partitionForString(key, targets.length)
        : partitionForKey(keySerde.serialize(topic, key), targets.length);
    const target = targets[partition];
    if (target === undefined) return;
    target.count.out++;
    target.task.receive(target.forward, key, value, timestamp, this.#task);
  }

  /** As `#handOn`, of what the serdes make of the key and, where nothing is combined before a topic, of the value. */
  #bySerdes(targets: readonly Target[]): Forward {
    const { combiner, keySerde, topic, valueSerde } = this.#node;
    const through = (serde: Serde<unknown>, given: unknown) => {
      const bytes = Buffer.from(serde.serialize(topic, given));
      return serde.deserialize(topic, bytes, 0, bytes.length);
    };
    return (key, value, timestamp) => {
      const isSent = combiner === undefined && valueSerde !== undefined && value !== null && value !== undefined;
      this.#handOn(targets, through(keySerde, key), isSent ? through(valueSerde, value) : value, timestamp);
    };
  }

  #byTopic(repartition: Repartition & { kind: 'topic' }): Forward {
    const { topic, partitions } = repartition;
    const { keySerde, valueSerde, combiner, partitionOf } = this.#node;
    if (combiner !== undefined) {
      const combined = combiner(this.#task, (key) => partitionForKey(key, partitions));
      this.#combiner = combined;
      return (key, value, timestamp) => {
        if (this.#isBehind && this.#task.partitionTime >= (this.#return?.passesAt ?? Number.POSITIVE_INFINITY)) {
          this.#isBehind = false;
          this.#return = undefined;
        }
        const mayBeLate = combined.mayBeLate?.(timestamp) ?? false;
        // What came before it goes before it.
        if (mayBeLate) this.#sendCombined(topic);
        combined.process(key, value, timestamp);
        if (this.#isBehind || mayBeLate) this.#sendSingly(combined, topic);
      };
    }
    if (valueSerde === undefined) throw new Error(`${this.#node.name} has no serde for its values`);
    return (key, value, timestamp) => {
      const isKeyless = key === null || key === undefined;
      const keyBytes = isKeyless ? null : keySerde.serialize(topic, key);
      const ofKey = () =>
        keyBytes === null ? this.#task.partition % partitions : partitionForKey(keyBytes, partitions);
      const partition = partitionOf?.(value) ?? ofKey();
      const valueBytes = encodeRecord(topic, this.#task.partitionTime, value, valueSerde);
      this.#countSent();
      this.#environment.transaction().append(topic, partition, timestamp, keyBytes, valueBytes, this.#task.headers);
    };
  }

  #countSent(): void {
    this.#environment.metrics.repartitionRecords++;
    if (this.#sent !== undefined) this.#sent.out++;
  }

  #sendCombined(topic: string): void {
    const { now, transaction } = this.#environment;
    this.#combiner?.flush((partition, slice, block, headers) => {
      this.#countSent();
      transaction().append(topic, partition, now(), null, encodeBlock(slice, block), headers);
    }, true);
  }

  #sendSingly(combiner: Combiner, topic: string): void {
    const { now, transaction } = this.#environment;
    combiner.flush((partition, slice, block) => {
      this.#countSent();
      const original = this.#task.original;
      const single = encodeSingle(slice, block, this.#task.partitionTime, original);
      transaction().append(topic, partition, now(), original?.key ?? null, single, this.#task.headers);
    }, false);
  }
}
