import type { Combiner, PartitionOf } from '../../topology/combiner.js';
import type { TaskContext } from '../../topology/topology.js';
import { CombinedBlocks } from '../combiner.js';
import { createSessionStore, SessionAdder, type SessionAggregateOptions } from './session-aggregate.js';

/**
 * Puts the records of one commit interval into sessions, as far as they go among themselves. There is one slice, 0; an
 * entry's first window is the start of a session, and its time offset the session's length.
 *
 * Which sessions there are, and so whether a record beyond the grace period is late, is known downstream alone: such a
 * record is sent by itself.
 */
export function sessionCombiner<K, V, A>(
  options: SessionAggregateOptions<K, V, A>,
  task: TaskContext,
  partitionOf: PartitionOf,
): Combiner {
  const { aggregation, graceMs, keySerde, name } = options;
  const create = () => {
    const store = createSessionStore(options);
    return { store, adder: new SessionAdder(options, task, store, { takesLate: true }) };
  };
  let combined = create();
  return {
    isForWindows: true,
    mayBeLate: (timestamp) => timestamp < task.partitionTime - graceMs,
    process: (key, value, timestamp) => combined.adder.add(key as K, value as V, timestamp),
    flush: (emit, counts) => {
      const { adder, store } = combined;
      if (store.dirtyKeys.length === 0) return;
      combined = create();
      if (counts) adder.reportCounted();
      const blocks = new CombinedBlocks();
      let order = 0;
      for (const key of store.dirtyKeys) {
        for (const { aggregate, end, headers, start } of key.sessions) {
          try {
            const bytes = key.serialized(name, keySerde);
            const block = blocks.block(partitionOf(bytes), 0, headers, order++);
            block.add(start, end - start, bytes, aggregation.serde.serialize(name, aggregate));
          } catch (error) {
            task.failed(name, error, key.key, aggregate, end);
          }
        }
      }
      blocks.emit(emit);
    },
  };
}
