import type { LibrdKafkaError, TopicPartition, TopicPartitionOffset } from '@confluentinc/kafka-javascript';

/** Methods of the client's documented API that its type declarations leave out. */
declare module '@confluentinc/kafka-javascript' {
  interface KafkaConsumer {
    incrementalAssign(partitions: TopicPartitionOffset[]): this;
    incrementalUnassign(partitions: TopicPartition[]): this;
    assignmentLost(): boolean;
    commitCb(offsets: TopicPartitionOffset[], done: (error: LibrdKafkaError | null | undefined) => void): this;
    setDefaultIsTimeoutOnlyForFirstMessage(only: boolean): void;
  }
}
