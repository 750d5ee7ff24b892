import type { Log, LogConsumer, TopicPartition } from '../log/log.js';
import type { Topology } from '../topology/topology.js';
import type { RecordLoop } from './record-loop.js';
import type { TaskManager } from './task/task-manager.js';
import type { TopologyTopics } from './topology-topics.js';

const POLL_MS = 100;

export interface LeftoversOptions {
  readonly log: Log;
  readonly topology: Topology;
  readonly topics: TopologyTopics;
  readonly consumer: LogConsumer;
  readonly tasks: TaskManager;
  readonly records: RecordLoop;
}

/**
 * Reads what runs that went by way of repartition topics have left there, before anything that would close windows: it
 * came of records that were read before all that is read now.
 *
 * @returns whether there was anything
 */
export async function readLeftovers(options: LeftoversOptions): Promise<boolean> {
  const { consumer, log, records, tasks, topics, topology } = options;
  const { positions } = tasks;
  let isAny = false;
  // What they make comes before what their results do further down.
  for (const sub of [...topology.subTopologies].reverse()) {
    const leftovers = new Set(topics.leftovers(sub));
    if (leftovers.size === 0) continue;
    const isLeftover = ({ topic }: TopicPartition) => leftovers.has(topic);
    for (const { topicPartition } of positions) if (!isLeftover(topicPartition)) consumer.pause(topicPartition);
    const left = positions.filter(({ topicPartition }) => isLeftover(topicPartition));
    for (const { task, topicPartition } of left) {
      const end = await log.endOffset(topicPartition);
      while (task.inputs.fetchedTo(topicPartition.topic) < end) {
        await records.poll(POLL_MS);
        for (const reader of tasks.bySubTopology[sub.id] ?? []) await records.run(reader);
      }
    }
    for (const { topicPartition } of positions) consumer.resume(topicPartition);
    isAny = true;
  }
  return isAny;
}
