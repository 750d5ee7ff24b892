import type { Topology } from '../../../../streams/index.js';
import type { Log } from '../../../../streams/log/log.js';
import { StreamThread } from '../../../../streams/runtime/stream-thread.js';
import type { StreamThreadConfig } from '../../../../streams/runtime/stream-thread-config.js';

/** Two clocks that only a test moves. */
export interface Clock {
  wallMs: number;
  monotonicMs: number;
}

export function clockAt(wallMs: number): Clock {
  return { wallMs, monotonicMs: 0 };
}

/** An application that does something only when it is told to. */
export async function startThread(
  topology: Topology,
  log: Log,
  clock: Clock,
  config: Partial<StreamThreadConfig> = {},
): Promise<StreamThread> {
  const thread = new StreamThread(topology, {
    applicationId: 'app',
    log,
    stateDirectory: undefined,
    numStandbyReplicas: 0,
    commitIntervalMs: 100,
    maxUncommittedEntries: 1_000_000,
    maxTransactionBytes: 1_000_000_000,
    time: { idleMs: Number.POSITIVE_INFINITY, endSilenceMs: 1000, maxHoldBackMs: 60_000 },
    maxTimeAheadMs: Number.POSITIVE_INFINITY,
    repartition: 'auto',
    deadLetterTopic: undefined,
    lateTopic: undefined,
    autoOffsetReset: 'earliest',
    deserializationExceptionHandler: () => 'fail',
    processingExceptionHandler: () => 'fail',
    productionExceptionHandler: () => 'fail',
    now: () => clock.wallMs,
    monotonicMs: () => clock.monotonicMs,
    ...config,
  });
  await thread.start();
  return thread;
}

/** Lets the time pass in steps of up to 200 ms, and the applications do what is due in each. */
export async function pass(ms: number, clock: Clock, threads: readonly StreamThread[]): Promise<void> {
  for (const end = clock.monotonicMs + ms; clock.monotonicMs < end; ) {
    const step = Math.min(200, end - clock.monotonicMs);
    clock.monotonicMs += step;
    clock.wallMs += step;
    for (const thread of threads) await thread.runOnce(0);
    for (const thread of threads) await thread.settleCommit();
  }
}
