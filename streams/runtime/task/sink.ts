import { partitionForKey } from '../../log/partitioner.js';
import type { CompiledNode, SinkNode, TaskContext } from '../../topology/topology.js';
import { sinkLabel } from '../node-metrics.js';
import type { TaskEnvironment } from './task-environment.js';

/** Serializes records into the transaction, to the partition of their key; without a key, in turn. */
export function compileSink(node: SinkNode, task: TaskContext, environment: TaskEnvironment): CompiledNode {
  const { topic, keySerde, valueSerde } = node;
  const partitions = environment.partitions(topic);
  let turn = task.partition;
  return {
    process: (key, value, timestamp) => {
      try {
        const keyBytes =
          key === null || key === undefined || keySerde === undefined ? null : keySerde.serialize(topic, key);
        // A serde may reuse its buffer for the next value.
        const stableKey = keyBytes !== null && (keySerde as unknown) === valueSerde ? Buffer.from(keyBytes) : keyBytes;
        const partition = keyBytes === null ? turn++ % partitions : partitionForKey(keyBytes, partitions);
        const valueBytes = value === null || value === undefined ? null : valueSerde.serialize(topic, value);
        environment.transaction().append(topic, partition, timestamp, stableKey, valueBytes, task.headers);
        environment.metrics.recordsProduced++;
      } catch (error) {
        task.failedToProduce(sinkLabel(node), error, key, value, timestamp);
      }
    },
  };
}
