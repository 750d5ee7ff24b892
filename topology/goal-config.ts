import type { Duration } from '../streams/index.js';

interface Windows {
  readonly size: Duration;
  readonly advance: Duration;
}

interface AlertWindows extends Windows {
  /** A result is sent when it is more than this. */
  readonly threshold: number;
}

/** What the goals can be told; the defaults are the contract's. */
export interface GoalConfig {
  readonly goals: readonly (1 | 2 | 3 | 4)[];
  /** How late a record may be and still count. */
  readonly grace: Duration;
  readonly goal1: AlertWindows;
  readonly goal2: AlertWindows;
  readonly goal3: Windows;
  readonly goal4: Windows;
  readonly topics: {
    readonly accessLog: string;
    readonly goal1: string;
    readonly goal2: string;
    readonly goal3: string;
    readonly goal4: string;
    readonly deadLetters: string;
    readonly late: string;
  };
}

export const DEFAULT_GOAL_CONFIG: GoalConfig = {
  goals: [1, 2, 3, 4],
  grace: '5s',
  goal1: { size: '20s', advance: '1s', threshold: 10 },
  goal2: { size: '30s', advance: '1s', threshold: 15 },
  goal3: { size: '1m', advance: '1m' },
  goal4: { size: '1m', advance: '1m' },
  topics: {
    accessLog: 'test-inter',
    goal1: 'goal1-topic',
    goal2: 'goal2-topic',
    goal3: 'goal3-topic',
    goal4: 'goal4-topic',
    deadLetters: 'test-inter-dlq',
    late: 'test-inter-late',
  },
};
