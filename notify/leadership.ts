import { setTimeout as delay } from 'node:timers/promises';
import { type Log, LogError, type Transaction } from '@millrace/streams';

/** A right that one process at a time has, such as to tell. */
export interface Leadership {
  /** Aborts when another has it. */
  readonly lost: AbortSignal;
  /** One that fails when the right is lost, as far as the log can tell. */
  transaction(): Transaction;
  release(): Promise<void>;
}

/** What the right is about. */
export interface Right {
  /** Names it. */
  readonly group: string;
  /** Of one partition: on Kafka, who is given it has the right. */
  readonly topic: string;
}

const ASK_EVERY_MS = 1000;
const POLL_MS = 500;

/** Waits until this process is the one that has the right. @returns undefined when told to stop */
export async function becomeLeader(log: Log, right: Right, signal: AbortSignal): Promise<Leadership | undefined> {
  if (log.join !== undefined) return leaderOfGroup(log, log.join.bind(log), right, signal);
  while (!signal.aborted) {
    try {
      const release = (await log.claim?.(right.group)) ?? (async () => {});
      return { lost: new AbortController().signal, transaction: () => log.transaction(), release };
    } catch (error) {
      if (!(error instanceof LogError && error.code === 'GROUP_IN_USE')) throw error;
    }
    await delay(ASK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
  return undefined;
}

/** Who is given the one partition of the topic, by its group, has the right. */
async function leaderOfGroup(
  log: Log,
  join: NonNullable<Log['join']>,
  { group, topic }: Right,
  signal: AbortSignal,
): Promise<Leadership | undefined> {
  const member = await join(group, [topic]);
  const lost = new AbortController();
  let isLeader = false;
  /** Takes what the group says; polls keep the membership alive. */
  const listen = async (): Promise<void> => {
    await member.poll(POLL_MS);
    for (let change = member.takeRebalance(); change !== undefined; change = member.takeRebalance()) {
      if (change.kind === 'assigned') isLeader ||= change.partitions.length > 0;
      else {
        if (isLeader) lost.abort();
        member.unassign(change.partitions);
      }
    }
  };
  while (!isLeader && !signal.aborted) await listen();
  if (!isLeader) {
    await member.close();
    return undefined;
  }
  const session = await log.sessions?.current();
  let isReleased = false;
  const listening = (async () => {
    while (!isReleased && !lost.signal.aborted) await listen();
  })().catch(() => lost.abort());
  return {
    lost: lost.signal,
    transaction: () => {
      const transaction = log.transaction();
      if (session !== undefined) transaction.requireSession?.(session);
      // The broker refuses it to who is no member any more, as one that was frozen: what it wrote would be told.
      transaction.commitOffset(group, { topic, partition: 0 }, { offset: 0, metadata: '' });
      return transaction;
    },
    release: async () => {
      isReleased = true;
      await listening;
      await member.close();
    },
  };
}
