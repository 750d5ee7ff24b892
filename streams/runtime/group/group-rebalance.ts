import type { GroupConsumer, TopicPartition } from '../../log/log.js';
import type { StreamsMetrics } from '../metrics.js';

/** What becomes of the tasks when partitions come and go. */
export interface RebalancedTasks {
  /** Partitions came: opens the tasks all of whose inputs are here. */
  open(): Promise<void>;
  /** As `open`, for tasks that were dropped and whose partitions have stayed. */
  reopen(): Promise<void>;
  /** Commits what was processed, and waits until that is durable. */
  commit(): Promise<void>;
  /** Drops all tasks with what was not committed, and with what is on its way. */
  drop(): Promise<void>;
  /** Closes those that read any of the partitions. */
  close(partitions: readonly TopicPartition[]): Promise<void>;
}

/** The partitions that a group has given to this process. */
export class GroupRebalance {
  readonly group: GroupConsumer;
  readonly #metrics: StreamsMetrics;
  #assigned: TopicPartition[] = [];
  #isAssigned = false;

  constructor(group: GroupConsumer, metrics: StreamsMetrics) {
    this.group = group;
    this.#metrics = metrics;
  }

  /** Whether it is known which partitions are this process's; none of them may be. */
  get isAssigned(): boolean {
    return this.#isAssigned;
  }

  get assigned(): readonly TopicPartition[] {
    return this.#assigned;
  }

  has(topicPartition: TopicPartition): boolean {
    return this.#assigned.some((other) => isSame(topicPartition, other));
  }

  /** Does what the group asks for. */
  async follow(tasks: RebalancedTasks): Promise<void> {
    for (let change = this.group.takeRebalance(); change !== undefined; change = this.group.takeRebalance()) {
      const { kind, partitions } = change;
      this.#metrics.rebalances++;
      if (kind === 'assigned') {
        this.#assigned.push(...partitions);
        await tasks.open();
        this.#isAssigned = true;
        continue;
      }
      if (kind === 'revoked') await tasks.commit();
      // What is on its way is of the partitions that are lost, too: the broker refuses it.
      else await tasks.drop();
      this.#assigned = this.#assigned.filter((one) => !partitions.some((other) => isSame(one, other)));
      await tasks.close(partitions);
      this.group.unassign(partitions);
      if (kind === 'lost') await tasks.reopen();
    }
  }
}

function isSame(one: TopicPartition, other: TopicPartition): boolean {
  return one.topic === other.topic && one.partition === other.partition;
}
