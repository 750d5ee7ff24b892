import type { Evidence } from '../../detection/count-chart.js';
import type { Detector, Verdict } from '../../detection/detector.js';
import type { EpisodeOptions } from '../../detection/episodes.js';
import type { Tally } from '../../detection/tally.js';
import type { Counted, Severity } from '../../schemas/records.js';

/** Each has a state of its own kind. */
type AnyDetector = Pick<Detector<never>, 'name' | 'observe' | 'isSeasonal' | 'remembersNothing'> & {
  initial(): unknown;
};

/** Something of an entity that is watched. */
export type Signal<O> = SeriesSignal<O> | PeerSignal<O> | ChartSignal<O>;

interface DescribedSignal<O> {
  readonly severity: Severity;
  /** The field of the observation that stands out. */
  readonly field: string;
  /** What is unusual, such as "100 lines took 812 ms on average"; what would have been usual follows. */
  readonly explain: (value: number, observation: O) => string;
  /** How a value is written. Default: with three digits that count. */
  readonly write?: (value: number) => string;
}

/** A number that is judged by what it was before. */
export interface SeriesSignal<O> extends DescribedSignal<O> {
  readonly detector: AnyDetector;
  /** What is judged; undefined where an observation does not tell. */
  readonly value: (observation: O) => number | undefined;
  /** `log`: factors count, not differences; what is judged is the logarithm. Default `linear`. */
  readonly scale?: 'linear' | 'log';
  /** Which side is unusual. Default `both`. */
  readonly side?: 'high' | 'low' | 'both';
  /** Whether `explain` says what would have been usual, too. Default false. */
  readonly explainsAll?: boolean;
}

/** A share of failures that is judged by what it is among others of its kind. */
export interface PeerSignal<O> extends DescribedSignal<O> {
  readonly tallies: (observation: O) => { readonly own: Tally; readonly peers: Tally; readonly before?: Tally };
  /** How much evidence is a defect, in nats. Default: that of `compareToPeers`. */
  readonly limit?: number;
}

/** Evidence that adds up over observations, with a state and words of its own. */
export interface ChartSignal<O> extends Pick<DescribedSignal<O>, 'severity' | 'field'> {
  /** Names its state, and its expectation: a field may be watched in several ways. */
  readonly chart: string;
  /** Whether it is of what jobs do: more lines, slower responses. Such a thing is usual sooner, when it comes by the clock. */
  readonly isWork?: boolean;
  initial(): unknown;
  /** Undefined where the observation does not tell. `keepsOut`: what alarms was a fault, and does not become usual. */
  judge(state: unknown, observation: O, keepsOut?: boolean): Charted | undefined;
  /** Learns what it alarms of as usual, for it was fine; undefined: it has one usual value, which that is not. */
  letIn?(state: unknown): void;
}

/** What a chart says of an observation. */
export interface Charted extends Verdict {
  readonly value: number;
  /** What is unusual, and what would be usual, such as "3 of 20 responses failed, where 0.2 are expected". */
  readonly explain: () => string;
  readonly evidence?: Evidence;
  /** Whether too little has been seen to judge by. */
  readonly isLearning: boolean;
}

/** Signals that are one matter: what is unusual in several of them at a time is one episode, and one alert. */
export interface Detection<O> {
  /** Names it in alerts. */
  readonly name: string;
  readonly signals: readonly Signal<O>[];
  readonly episodes?: EpisodeOptions;
  /** Whether a field that stands out later in an episode, or a graver severity, is an alert of its own. Default false. */
  readonly tellsMore?: boolean;
  /** Whether what is unusual about an observation is an alert, or is told by others. Default: it is. */
  readonly tells?: (observation: O) => boolean;
  /** Who has made what is unusual; undefined: nobody in particular. */
  readonly causeOf?: (observation: O, expected: Verdict['expected']) => Cause | undefined;
  /** How much each host has of it, where it is of all together. */
  readonly hostsOf?: (observation: O) => readonly Counted[] | undefined;
}

/** Who has made what is unusual. */
export interface Cause {
  /** Such as "80 % of them by 192.0.2.1". */
  readonly words: string;
  /** Whose incidents it belongs to; undefined: those of the entity. */
  readonly scope?: string;
}

/** What a monitor observes: a reading, or a window of an entity. */
export interface Observed {
  readonly entity: string;
  readonly scope: string;
  /** [start, end) in milliseconds since the epoch. */
  readonly start: number;
  readonly end: number;
}

/** What is unusual about an observation. */
export interface Deviation {
  readonly detection: string;
  /** What is watched: a chart, or else the field. */
  readonly signal: string;
  readonly field: string;
  readonly severity: Severity;
  /** 0 to 1. */
  readonly score: number;
  readonly value: number;
  /** Infinite on a side that is not watched. */
  readonly expected: Verdict['expected'];
  readonly explanation: string;
  readonly evidence?: Evidence;
}

/** What a chart expects of its field. */
export interface Expectation {
  readonly low: number | null;
  readonly high: number | null;
  readonly isLearning: boolean;
}

/** A bound as records have it: null on a side that is not watched. */
export function finite(bound: number): number | null {
  return Number.isFinite(bound) ? bound : null;
}
