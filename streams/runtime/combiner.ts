import type { Serde } from '../serde/serde.js';
import type { Aggregation } from '../state/aggregation.js';
import { SliceBlockBuilder } from '../state/slice-block.js';
import type { Forward, TaskContext } from './topology.js';
import { createWindowStore, WindowedAdder, type WindowedAggregateOptions } from './windowed-aggregate.js';

/**
 * The first phase of a two-phase aggregation: merges the records of one commit interval into partial aggregates, so
 * that the repartition topic carries one block a slice and partition instead of every record.
 */
export interface Combiner {
  readonly process: Forward;
  /** Hands out what was combined since the last flush. */
  flush(emit: (partition: number, slice: number, block: Buffer) => void): void;
}

export type PartitionOf = (serializedKey: Uint8Array) => number;

/** Blocks that are being filled, by partition and slice. */
class Blocks {
  readonly #bySlice = new Map<string, { partition: number; slice: number; blocks: SliceBlockBuilder[] }>();

  block(partition: number, slice: number): SliceBlockBuilder {
    const id = `${partition}/${slice}`;
    let entry = this.#bySlice.get(id);
    if (entry === undefined) {
      entry = { partition, slice, blocks: [] };
      this.#bySlice.set(id, entry);
    }
    return SliceBlockBuilder.last(entry.blocks);
  }

  emit(emit: (partition: number, slice: number, block: Buffer) => void): void {
    for (const { blocks, partition, slice } of this.#bySlice.values()) {
      for (const block of blocks) emit(partition, slice, block.finish());
    }
  }
}

export function windowedCombiner<K, V, A>(
  options: WindowedAggregateOptions<K, V, A>,
  task: TaskContext,
  partitionOf: PartitionOf,
): Combiner {
  let store = createWindowStore(options);
  let adder = new WindowedAdder(options, task, store);
  return {
    process: (key, value, timestamp) => adder.add(key as K, value as V, timestamp),
    flush: (emit) => {
      const blocks = new Blocks();
      for (const key of store.dirtyKeys) {
        const bytes = key.serialized(options.name, options.keySerde);
        const partition = partitionOf(bytes);
        for (const partial of key.partials) {
          const aggregate = options.aggregation.serde.serialize(options.name, partial.aggregate);
          blocks.block(partition, partial.slice).add(partial.firstWindow, partial.timeOffsetMs, bytes, aggregate);
        }
      }
      blocks.emit(emit);
      store = createWindowStore(options);
      adder = new WindowedAdder(options, task, store);
    },
  };
}

/** As for windows, but there is one slice, 0, and an entry's time offset is the time itself. */
export function keyedCombiner<K, V, A>(
  name: string,
  aggregation: Aggregation<K, V, A>,
  keySerde: Serde<K>,
  task: TaskContext,
  partitionOf: PartitionOf,
): Combiner {
  let partials = new Map<string, { bytes: Buffer; aggregate: A; timestamp: number }>();
  return {
    process: (key, value, timestamp) => {
      if (key === null || key === undefined || value === null || value === undefined) {
        task.reportSkipped(name, 'null key or value');
        return;
      }
      const bytes = Buffer.from(keySerde.serialize(name, key as K));
      const identity = bytes.toString('latin1');
      let partial = partials.get(identity);
      if (partial === undefined) {
        partial = { bytes, aggregate: aggregation.initializer(), timestamp };
        partials.set(identity, partial);
      }
      partial.aggregate = aggregation.add(key as K, value as V, partial.aggregate);
      if (timestamp > partial.timestamp) partial.timestamp = timestamp;
    },
    flush: (emit) => {
      const blocks = new Blocks();
      for (const { bytes, aggregate, timestamp } of partials.values()) {
        const serialized = aggregation.serde.serialize(name, aggregate);
        blocks.block(partitionOf(bytes), 0).add(0, timestamp, bytes, serialized);
      }
      partials = new Map();
      blocks.emit(emit);
    },
  };
}
