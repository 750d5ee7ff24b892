import type { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import type { GroupConsumer, Log, Rebalance, TopicPartition } from '../../../../streams/log/log.js';

/**
 * One of several members of a group over one log in memory, each as if in a process of its own: the partitions of every
 * topic go to the members in turn, for good.
 */
export function memberLog(log: EmbeddedLog, member: number, members: number): Log {
  const join = async (_group: string, topics: readonly string[]): Promise<GroupConsumer> => {
    const partitions: TopicPartition[] = [];
    for (const topic of topics) {
      for (let partition = 0; partition < ((await log.partitions(topic)) ?? 0); partition++) {
        if (partition % members === member) partitions.push({ topic, partition });
      }
    }
    const changes: Rebalance[] = [{ kind: 'assigned', partitions }];
    const consumer = log.consumer();
    return Object.assign(Object.create(consumer) as GroupConsumer, {
      assign: consumer.assign.bind(consumer),
      pause: consumer.pause.bind(consumer),
      resume: consumer.resume.bind(consumer),
      poll: consumer.poll.bind(consumer),
      close: consumer.close.bind(consumer),
      takeRebalance: () => changes.shift(),
      unassign: () => {},
    });
  };
  return {
    singleOwner: false,
    join,
    ensureTopic: log.ensureTopic.bind(log),
    topics: log.topics.bind(log),
    partitions: log.partitions.bind(log),
    startOffset: log.startOffset.bind(log),
    endOffset: (topicPartition) => log.endOffset(topicPartition),
    committed: log.committed.bind(log),
    transaction: log.transaction.bind(log),
    consumer: log.consumer.bind(log),
    deleteRecords: log.deleteRecords.bind(log),
    close: async () => {},
  };
}
