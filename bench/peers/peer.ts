import type { Launch } from '../../stack/processes.js';
import type { GoalConfig } from '../../topology/goals/goal-config.js';

/** Where the peers' programs come from and what all of them are given. */
export interface Workplace {
  /** Downloads are kept there. */
  readonly cacheDirectory: string;
  /** What is made for this run of the bench. */
  readonly directory: string;
  readonly brokers: string;
  readonly registryUrl: string;
  /** In the registry, by goal. */
  readonly schemaIds: Readonly<Record<1 | 2 | 3 | 4, number>>;
  /** Told before something is downloaded, for that takes its time. */
  readonly onDownload: (name: string) => void;
  /** Breaks downloads off. */
  readonly signal: AbortSignal;
}

/** What a single run is given: a name that no other has, and an empty directory. */
export interface Start {
  readonly application: string;
  readonly directory: string;
}

/** A peer in one configuration: a row of the table. */
export interface Setup {
  readonly peer: string;
  readonly name: string;
  readonly goals: GoalConfig['goals'];
  /** Whether it ends at the end of the input. One that does not is done when it has been still for a while. */
  readonly ends: boolean;
  /** False where the configuration is known to lose results: its share is what is measured. Default true. */
  readonly isComplete?: boolean;
  launch(start: Start): Launch;
  /** What closes the windows that were left open, out of the measurement. */
  closeWindows?(start: Start): Launch;
}

/** A system that runs the goals. */
export interface Peer {
  readonly name: string;
  /** Makes its programs ready. @throws StackError when they cannot be had here */
  prepare(place: Workplace): Promise<readonly Setup[]>;
}

/** All goals, or one. */
export const ALL: GoalConfig['goals'] = [1, 2, 3, 4];
export const GOAL_1: GoalConfig['goals'] = [1];
