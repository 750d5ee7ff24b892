import { partitionForKey, partitionForString } from '../log/partitioner.js';
import { stringSerde } from '../serde/string.js';
import type { Combiner } from './combiner.js';
import { encodeBlock, encodeRecord, encodeWatermark } from './repartition-record.js';
import type { Task, TaskEnvironment } from './task.js';
import type { Forward, RepartitionNode } from './topology.js';

/**
 * How records get from a sub-topology to the next. `direct`: every task of both is in this process and one transaction
 * covers them, so a record is handed on by a call. `topic`: by way of the log.
 */
export type Repartition =
  | { readonly kind: 'direct'; readonly targets: readonly { readonly task: Task; readonly forward: Forward }[] }
  | { readonly kind: 'topic'; readonly topic: string; readonly partitions: number };

/** The upstream end of a repartition. */
export class RepartitionSink {
  readonly process: Forward;
  readonly #node: RepartitionNode;
  readonly #task: Task;
  readonly #environment: TaskEnvironment;
  readonly #repartition: Repartition;
  #combiner: Combiner | undefined;
  #announced = '';

  constructor(node: RepartitionNode, task: Task, environment: TaskEnvironment) {
    this.#node = node;
    this.#task = task;
    this.#environment = environment;
    this.#repartition = environment.repartition(node);
    this.process = this.#compile();
  }

  /** By way of a topic: sends what was combined, then tells every partition how far stream time is. */
  flush(): void {
    const repartition = this.#repartition;
    if (repartition.kind === 'direct') return;
    const transaction = this.#environment.transaction();
    const { metrics, now } = this.#environment;
    this.#combiner?.flush((partition, slice, block, headers) => {
      metrics.repartitionRecords++;
      transaction.append(repartition.topic, partition, now(), null, encodeBlock(slice, block), headers);
    });
    const { current, idle } = this.#task.time;
    if (current < 0 || this.#announced === `${current} ${idle}`) return;
    this.#announced = `${current} ${idle}`;
    const watermark = encodeWatermark(this.#task.partition, idle, current);
    for (let partition = 0; partition < repartition.partitions; partition++) {
      metrics.repartitionRecords++;
      transaction.append(repartition.topic, partition, now(), null, watermark);
    }
  }

  #compile(): Forward {
    const repartition = this.#repartition;
    const process = repartition.kind === 'direct' ? this.#direct(repartition) : this.#byTopic(repartition);
    return (key, value, timestamp) => {
      if (key === null || key === undefined) {
        this.#task.reportSkipped(this.#node.name, 'null key');
        return;
      }
      try {
        process(key, value, timestamp);
      } catch (error) {
        this.#task.failed(this.#node.name, error, key, value, timestamp);
      }
    };
  }

  #direct(repartition: Repartition & { kind: 'direct' }): Forward {
    const { targets } = repartition;
    const { keySerde, topic } = this.#node;
    const task = this.#task;
    const partitionOf = (key: unknown): number =>
      typeof key === 'string' && keySerde === stringSerde
        ? partitionForString(key, targets.length)
        : partitionForKey(keySerde.serialize(topic, key), targets.length);
    return (key, value, timestamp) => {
      const target = targets[partitionOf(key)];
      target?.task.receive(target.forward, key, value, timestamp, task);
    };
  }

  #byTopic(repartition: Repartition & { kind: 'topic' }): Forward {
    const { topic, partitions } = repartition;
    const { keySerde, valueSerde, combiner } = this.#node;
    if (combiner !== undefined) {
      this.#combiner = combiner(this.#task, (key) => partitionForKey(key, partitions));
      return this.#combiner.process;
    }
    if (valueSerde === undefined) throw new Error(`${this.#node.name} has no serde for its values`);
    return (key, value, timestamp) => {
      const keyBytes = keySerde.serialize(topic, key);
      const partition = partitionForKey(keyBytes, partitions);
      const valueBytes = encodeRecord(topic, this.#task.recordStreamTime, value, valueSerde);
      this.#environment.metrics.repartitionRecords++;
      this.#environment.transaction().append(topic, partition, timestamp, keyBytes, valueBytes, this.#task.headers);
    };
  }
}
