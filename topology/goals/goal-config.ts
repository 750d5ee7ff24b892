import type { Duration } from '@millrace/streams';
import { type TopicNames, type TopicOf, topicsOfPipelines } from '../../schemas/topics.js';

interface Windows {
  readonly size: Duration;
  readonly advance: Duration;
}

interface AlertWindows extends Windows {
  /** A result is sent when it is more than this. */
  readonly threshold: number;
}

/** A host's window is a burst of server errors when it is over both limits. */
interface ServerErrorWindows extends AlertWindows {
  /** Of the host's requests in the window, 0 to 1, at least: a busy host always has some errors. */
  readonly share: number;
}

/** The goals' configuration; the defaults are the contract's. */
export interface GoalConfig {
  readonly goals: readonly (1 | 2 | 3 | 4)[];
  /** How late a record may be and still count. */
  readonly grace: Duration;
  readonly goal1: AlertWindows;
  readonly goal2: AlertWindows;
  readonly goal3: Windows;
  readonly goal4: Windows;
  /** Undefined: bursts of server errors are not looked for. */
  readonly serverErrors: ServerErrorWindows | undefined;
  readonly topics: Pick<TopicNames, TopicOf<'goals'>>;
}

export const DEFAULT_GOAL_CONFIG: GoalConfig = {
  goals: [1, 2, 3, 4],
  grace: '5s',
  goal1: { size: '20s', advance: '1s', threshold: 10 },
  goal2: { size: '30s', advance: '1s', threshold: 15 },
  goal3: { size: '1m', advance: '1m' },
  goal4: { size: '1m', advance: '1m' },
  serverErrors: { size: '10s', advance: '1s', threshold: 10, share: 0.05 },
  topics: topicsOfPipelines(['goals']),
};
