import type { Serde } from '@millrace/streams';
import { TopEntries } from './top-entries.js';

/** The most that an entity reached in a window. */
export interface Peak {
  readonly entity: string;
  readonly windowStart: number;
  readonly count: number;
  readonly mean: number | undefined;
}

export interface GoalResult {
  readonly window_start: number;
  readonly count: number;
  readonly client_ip?: string;
  readonly host?: string;
  readonly country?: string;
  readonly avg_request_time?: number;
}

/** What has come of one goal. */
export class GoalResults {
  records = 0;
  readonly #peaks = new TopEntries<Peak>(order);

  constructor(
    readonly goal: 1 | 2 | 3 | 4,
    readonly topic: string,
    readonly serde: Serde<GoalResult>,
  ) {}

  /** The entities that went furthest: by count, in goal 4 by mean. */
  top(number: number): Peak[] {
    return this.#peaks.top(number);
  }

  /** How many entities there were results of. */
  get keys(): TopEntries<Peak>['keys'] {
    return this.#peaks.keys;
  }

  add(result: GoalResult): void {
    this.records++;
    const entity = result.client_ip ?? result.host ?? result.country ?? '';
    const { avg_request_time: mean, count, window_start: windowStart } = result;
    this.#peaks.add(entity, { entity, windowStart, count, mean });
  }
}

function order(peak: Peak): number {
  return peak.mean ?? peak.count;
}
