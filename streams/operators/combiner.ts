import { type Headers, NO_HEADERS } from '../log/log.js';
import type { Serde } from '../serde/serde.js';
import type { Aggregation } from '../state/aggregation.js';
import { SliceBlockBuilder } from '../state/windows/slice-block.js';
import type { Combiner, EmitBlock, PartitionOf } from '../topology/combiner.js';
import type { TaskContext } from '../topology/topology.js';
import {
  createWindowStore,
  noAggregate,
  WindowedAdder,
  type WindowedAggregateOptions,
} from './windows/windowed-aggregate.js';

/** Blocks that are being filled, by partition and slice. */
export class CombinedBlocks {
  readonly #bySlice = new Map<string, { partition: number; slice: number; blocks: SliceBlockBuilder[] }>();
  readonly #withHeaders: {
    readonly partition: number;
    readonly slice: number;
    readonly block: SliceBlockBuilder;
    readonly headers: Headers;
    readonly order: number;
  }[] = [];

  /** @param order that of the records which the headers are from; also of one without any, behind one that has some */
  block(partition: number, slice: number, headers: Headers = NO_HEADERS, order = 0): SliceBlockBuilder {
    if (headers.length > 0 || order > 0) {
      const block = new SliceBlockBuilder();
      this.#withHeaders.push({ partition, slice, block, headers, order });
      return block;
    }
    const id = `${partition}/${slice}`;
    let entry = this.#bySlice.get(id);
    if (entry === undefined) {
      entry = { partition, slice, blocks: [] };
      this.#bySlice.set(id, entry);
    }
    return SliceBlockBuilder.last(entry.blocks);
  }

  emit(emit: EmitBlock): void {
    for (const { blocks, partition, slice } of this.#bySlice.values()) {
      for (const block of blocks) if (block.entries > 0) emit(partition, slice, block.finish(), NO_HEADERS);
    }
    for (const { block, headers, partition, slice } of this.#withHeaders.sort((a, b) => a.order - b.order)) {
      if (block.entries > 0) emit(partition, slice, block.finish(), headers);
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
    isForWindows: true,
    process: (key, value, timestamp) => adder.add(key as K, value as V, timestamp),
    flush: (emit, counts) => {
      if (store.dirtyKeys.length === 0) return;
      if (counts) adder.reportCounted();
      const blocks = new CombinedBlocks();
      const { aggregation, keySerde, name, slices } = options;
      for (const key of store.dirtyKeys) {
        for (const partial of key.partials) {
          const { firstWindow, slice, timeOffsetMs } = partial;
          try {
            const bytes = key.serialized(name, keySerde);
            const aggregate = aggregation.serde.serialize(name, partial.aggregate);
            const last = key.headers?.get(partial);
            const block = blocks.block(partitionOf(bytes), slice, last?.headers, last?.order);
            block.add(firstWindow, timeOffsetMs, bytes, aggregate);
          } catch (error) {
            task.failed(name, error, key.key, partial.aggregate, slices.sliceStart(slice) + timeOffsetMs);
          }
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
  let partials = new Map<string, { key: K; bytes: Buffer; aggregate: A; timestamp: number; headers: Headers }>();
  let counted = 0;
  return {
    isForWindows: false,
    process: (key, value, timestamp) => {
      if (key === null || key === undefined || value === null || value === undefined) {
        task.reportSkipped(name, 'null key or value');
        return;
      }
      const { headers } = task;
      try {
        const bytes = Buffer.from(keySerde.serialize(name, key as K));
        const identity = bytes.toString('latin1');
        const partial = partials.get(identity);
        const before = partial === undefined ? aggregation.initializer() : partial.aggregate;
        const aggregate = aggregation.add(key as K, value as V, before);
        if (aggregate === undefined) throw noAggregate(name);
        if (partial === undefined) partials.set(identity, { key: key as K, bytes, aggregate, timestamp, headers });
        else {
          partial.aggregate = aggregate;
          partial.headers = headers;
          if (timestamp > partial.timestamp) partial.timestamp = timestamp;
        }
        counted++;
      } catch (error) {
        task.failed(name, error, key, value, timestamp);
      }
    },
    flush: (emit) => {
      task.reportCounted(name, counted);
      counted = 0;
      const blocks = new CombinedBlocks();
      for (const { aggregate, bytes, headers, key, timestamp } of partials.values()) {
        try {
          const serialized = aggregation.serde.serialize(name, aggregate);
          blocks.block(partitionOf(bytes), 0, headers).add(0, timestamp, bytes, serialized);
        } catch (error) {
          task.failed(name, error, key, aggregate, timestamp);
        }
      }
      partials = new Map();
      blocks.emit(emit);
    },
  };
}
