import { setTimeout as delay } from 'node:timers/promises';
import { type CommittedOffset, type Log, LogError, type TopicPartition } from './log.js';

/**
 * Where a topic is read from that the application has no position in, or none that the log still has: from the first
 * record that is there, from those that come from now on, or not at all. Kafka's `auto.offset.reset`.
 */
export type AutoOffsetReset = 'earliest' | 'latest' | 'none';

const ASK_AGAIN_MS = 500;
const ASK_TIMES = 4;

export interface StartOffset {
  readonly offset: number;
  /** What a restart is to know; '' where the application starts from the beginning. */
  readonly metadata: string;
  /** What to report: records that are gone unread, or a position that the log never had. */
  readonly warning?: string;
}

/** @throws LogError OFFSET_OUT_OF_RANGE where the policy is `none` */
export async function startOffset(
  log: Log,
  applicationId: string,
  topicPartition: TopicPartition,
  policy: AutoOffsetReset,
): Promise<StartOffset> {
  const committed = await log.committed(applicationId, topicPartition);
  const start = await log.startOffset(topicPartition);
  const end = await endOf(log, topicPartition, committed);
  const isThere = committed !== undefined && committed.offset >= start && committed.offset <= end;
  if (isThere) return committed;
  const name = `${topicPartition.topic}-${topicPartition.partition}`;
  const what = reason(applicationId, name, committed, start, end);
  if (policy === 'none') {
    throw new LogError('OFFSET_OUT_OF_RANGE', `${what}; to go on, set autoOffsetReset to 'earliest' or 'latest'`);
  }
  const offset = policy === 'earliest' ? start : end;
  // As far as time goes, what is read next follows what was read; not so in a log that is another one.
  const metadata = committed !== undefined && committed.offset < start ? committed.metadata : '';
  if (committed === undefined) return { offset, metadata };
  return { offset, metadata, warning: `${what}; it goes on at ${offset}, as autoOffsetReset is '${policy}'` };
}

function reason(
  applicationId: string,
  name: string,
  committed: CommittedOffset | undefined,
  start: number,
  end: number,
): string {
  const application = `the application "${applicationId}"`;
  if (committed === undefined) return `${application} has no position in ${name} yet`;
  if (committed.offset < start) {
    return (
      `${application} has read ${name} up to ${committed.offset}, and the log begins at ${start}: ` +
      `${start - committed.offset} records were deleted before they were read`
    );
  }
  return (
    `${application} has read ${name} up to ${committed.offset}, and the log ends at ${end}: the topic was recreated, or ` +
    'the log is another one'
  );
}

/** A broker that has just become a leader may know less than there is. */
async function endOf(
  log: Log,
  topicPartition: TopicPartition,
  committed: CommittedOffset | undefined,
): Promise<number> {
  let end = await log.endOffset(topicPartition);
  for (let asked = 1; log.join !== undefined && end < (committed?.offset ?? 0) && asked < ASK_TIMES; asked++) {
    await delay(ASK_AGAIN_MS);
    end = await log.endOffset(topicPartition, { settled: true });
  }
  return end;
}
