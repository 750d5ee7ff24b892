import { ArgumentError } from '../errors.js';
import { requireSynchronous } from '../topology/graph.js';
import type { ProcessorContext, ProcessorSupplier, StreamRecord } from '../topology/processor.js';
import { isTimestamp } from '../topology/timestamp.js';
import {
  type CompiledNode,
  type Forward,
  type StoreDefinition,
  type TaskContext,
  TopologyError,
} from '../topology/topology.js';

/** Makes, for each task, a processor of the user's own and what it is called with. */
export function processorCompiler<K, V, KR, VR>(
  name: string,
  supplier: ProcessorSupplier<K, V, KR, VR>,
  stores: readonly StoreDefinition[],
): (task: TaskContext, forward: Forward) => CompiledNode {
  const made = new WeakSet<object>();
  return (task, forward) => {
    const processor = supplier();
    const { close, init, process } = processor;
    requireSynchronous(`the processor "${name}"`, { init, process, close });
    if (made.has(processor)) {
      throw new TopologyError(
        `the processor "${name}" is one for all tasks; make a new one with each call: () => new …`,
      );
    }
    made.add(processor);
    const passed = task.countsOut(name);
    const context = processorContext<KR, VR>(name, task, stores, (record) => {
      requireTimestamp(name, record.timestamp);
      passed.out++;
      const pass = () => forward(record.key, record.value, record.timestamp);
      if (record.headers === undefined) pass();
      else task.withHeaders(record.headers, pass);
    });
    return {
      init: () => {
        processor.init?.(context);
      },
      process: (key, value, timestamp) => {
        try {
          processor.process({ key: key as K, value: value as V, timestamp, headers: task.headers });
        } catch (error) {
          task.failed(name, error, key, value, timestamp);
        }
      },
      close: () => {
        processor.close?.();
      },
    };
  };
}

function requireTimestamp(name: string, timestamp: unknown): void {
  if (isTimestamp(timestamp)) return;
  throw new ArgumentError(
    `the processor "${name}" forwards a record whose timestamp, ${String(timestamp)}, is not a time: it must ` +
      'be whole milliseconds since 1970, up to the year 9999',
  );
}

function processorContext<KR, VR>(
  name: string,
  task: TaskContext,
  stores: readonly StoreDefinition[],
  forward: (record: StreamRecord<KR, VR>) => void,
): ProcessorContext<KR, VR> {
  return {
    applicationId: task.applicationId,
    taskId: task.id,
    get recordMetadata() {
      return task.recordMetadata;
    },
    get currentStreamTimeMs() {
      return Math.max(task.watermark, task.partitionTime);
    },
    get currentSystemTimeMs() {
      return task.now();
    },
    forward,
    // JavaScript may give a name.
    stateStore: ((store: StoreDefinition | string) => {
      const storeName = typeof store === 'string' ? store : store.name;
      if (!stores.some((connected) => connected === store || connected.name === store)) {
        throw new TopologyError(
          `the processor "${name}" is not connected to the store "${storeName}"; name it in its stores`,
        );
      }
      // Of the type that its definition creates.
      return task.store(storeName);
    }) as unknown as ProcessorContext<KR, VR>['stateStore'],
    schedule: (intervalMs, type, punctuator) => task.schedule(name, intervalMs, type, punctuator),
    commit: () => task.requestCommit(),
  };
}
