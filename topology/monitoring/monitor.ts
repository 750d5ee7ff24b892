import type { Detector, Verdict } from '../../detection/detector.js';
import { type EpisodeOptions, type EpisodeState, type Episodes, episodes } from '../../detection/episodes.js';
import { compareToPeers, initialPeerState, type PeerState, type Tally } from '../../detection/peers.js';
import type { Alert, Severity, SourceKind } from '../../schemas/records.js';

/** Each has a state of its own kind. */
type AnyDetector = Pick<Detector<never>, 'name' | 'observe'> & { initial(): unknown };

/** Something of an entity that is watched. */
export type Signal<O> = SeriesSignal<O> | PeerSignal<O>;

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
  readonly tallies: (observation: O) => { readonly own: Tally; readonly peers: Tally };
}

/** Signals that are one matter: what is unusual in several of them at a time is one episode, and one alert. */
export interface Detection<O> {
  /** Names it in alerts. */
  readonly name: string;
  readonly signals: readonly Signal<O>[];
  readonly episodes?: EpisodeOptions;
}

/** What a monitor observes: a reading, or a window of an entity. */
export interface Observed {
  readonly entity: string;
  readonly scope: string;
  /** [start, end) in milliseconds since the epoch. */
  readonly start: number;
  readonly end: number;
}

interface DetectionState {
  /** What the detectors know, by the signals' fields. */
  readonly signals: Record<string, unknown>;
  readonly episode: EpisodeState;
  /** The alert of the episode that is open. */
  alert: Alert | null;
}

/** What is known of an entity, by detection: plain data for a store. */
export type MonitorState = Record<string, DetectionState>;

/** What is unusual about an observation. */
export interface Deviation {
  readonly detection: string;
  readonly field: string;
  readonly severity: Severity;
  /** 0 to 1. */
  readonly score: number;
  readonly value: number;
  /** Infinite on a side that is not watched. */
  readonly expected: Verdict['expected'];
  readonly explanation: string;
}

export interface Judgement {
  readonly deviations: readonly Deviation[];
  /** The highest of each detection, 0 to 1. */
  readonly scores: Readonly<Record<string, number>>;
  /** Alerts that open now, or are over. */
  readonly alerts: readonly Alert[];
}

/** Watches entities of one kind, and alerts once an episode. */
export class Monitor<O> {
  readonly #sourceKind: SourceKind;
  readonly #detections: readonly { readonly detection: Detection<O>; readonly episodes: Episodes }[];

  constructor(sourceKind: SourceKind, detections: readonly Detection<O>[]) {
    this.#sourceKind = sourceKind;
    this.#detections = detections.map((detection) => ({ detection, episodes: episodes(detection.episodes) }));
  }

  initial(): MonitorState {
    return {};
  }

  /** Whether no alert is open. */
  isAtRest(states: MonitorState): boolean {
    return Object.values(states).every(({ episode }) => !episode.open);
  }

  /** The alerts that are open, as over. */
  close(states: MonitorState, { end }: Observed): readonly Alert[] {
    return Object.values(states).flatMap(({ alert }) => (alert === null ? [] : [resolved(alert, end)]));
  }

  /** Judges the observation by what came before it, and learns from it: `states` is changed. */
  observe(states: MonitorState, observation: O, observed: Observed): Judgement {
    const all: Deviation[] = [];
    const alerts: Alert[] = [];
    const scores: Record<string, number> = {};
    for (const { detection, episodes } of this.#detections) {
      const { name } = detection;
      states[name] ??= { signals: {}, episode: episodes.initial(), alert: null };
      const state = states[name] as DetectionState;
      const { deviations, score } = judge(detection, state, observation, observed.start);
      scores[name] = score;
      all.push(...deviations);
      const isAnomalous = deviations.length > 0;
      const change = episodes.observe(state.episode, observed.start, { isAnomalous, score });
      if (change?.kind === 'opened') {
        state.alert = this.#alert(name, deviations, observed);
        alerts.push(state.alert);
      } else if (change?.kind === 'closed' && state.alert !== null) {
        alerts.push(resolved(state.alert, observed.end));
        state.alert = null;
      }
    }
    return { deviations: all, scores, alerts };
  }

  #alert(detector: string, deviations: readonly Deviation[], { end, entity, scope, start }: Observed): Alert {
    const [gravest, ...others] = deviations.toSorted((one, other) => other.score - one.score) as [
      Deviation,
      ...Deviation[],
    ];
    const { expected, value } = gravest;
    return {
      id: `${this.#sourceKind}/${entity}/${detector}@${start}`,
      time: end,
      source_kind: this.#sourceKind,
      entity,
      scope,
      detector,
      state: 'opened',
      severity: deviations.some(({ severity }) => severity === 'critical') ? 'critical' : gravest.severity,
      value,
      expected_low: finite(expected.low),
      expected_high: finite(expected.high),
      window_start: start,
      window_end: end,
      explanation: `${entity}: ${[gravest, ...others].map(({ explanation }) => explanation).join('; ')}.`,
      fields: [gravest, ...others].map(({ field }) => field),
    };
  }
}

function resolved(alert: Alert, time: number): Alert {
  return { ...alert, time, state: 'resolved' };
}

function judge<O>(
  { name, signals }: Detection<O>,
  state: DetectionState,
  observation: O,
  time: number,
): { deviations: Deviation[]; score: number } {
  const deviations: Deviation[] = [];
  let highest = 0;
  for (const signal of signals) {
    const judged =
      'tallies' in signal
        ? judgeAmongPeers(signal, state.signals, observation)
        : judgeInSeries(signal, state.signals, observation, time);
    if (judged === undefined) continue;
    const { expected, isAnomalous, score, usual, value } = judged;
    highest = Math.max(highest, score);
    if (!isAnomalous) continue;
    const { field, severity } = signal;
    const explanation = `${signal.explain(value, observation)}${usual()}`;
    deviations.push({ detection: name, field, severity, score, value, expected, explanation });
  }
  return { deviations, score: highest };
}

interface JudgedSignal extends Verdict {
  readonly value: number;
  /** What would have been usual, in words that go on a sentence. */
  readonly usual: () => string;
}

function judgeAmongPeers<O>(
  { field, tallies, write = short }: PeerSignal<O>,
  states: Record<string, unknown>,
  observation: O,
): JudgedSignal {
  states[field] ??= initialPeerState();
  const { own, peers } = tallies(observation);
  const verdict = compareToPeers(states[field] as PeerState, own, peers);
  return { ...verdict, usual: () => `, where ${write(verdict.expected.high)} is usual among its peers` };
}

/** Undefined where the observation does not tell. */
function judgeInSeries<O>(
  signal: SeriesSignal<O>,
  states: Record<string, unknown>,
  observation: O,
  time: number,
): JudgedSignal | undefined {
  const value = signal.value(observation);
  if (value === undefined) return undefined;
  states[signal.field] ??= signal.detector.initial();
  const { middle, ...verdict } = verdictOn(signal, states[signal.field], time, value);
  const { explainsAll, write = short } = signal;
  return { ...verdict, value, usual: () => (explainsAll ? '' : expectation(value, verdict.expected, middle, write)) };
}

function verdictOn<O>(
  { detector, scale, side = 'both' }: SeriesSignal<O>,
  state: unknown,
  time: number,
  value: number,
): Verdict & { middle: number } {
  const isLog = scale === 'log';
  const judged = isLog ? Math.log1p(Math.max(0, value)) : value;
  const { expected, isAnomalous, score } = detector.observe(state as never, time, judged);
  const back = (bound: number) => (isLog ? Math.max(0, Math.expm1(bound)) : bound);
  const middle = (expected.low + expected.high) / 2;
  // Unusually little is no matter where only much is.
  const counts = side === 'both' || Number.isNaN(middle) || (side === 'high' ? judged > middle : judged < middle);
  return {
    score: counts ? score : 0,
    isAnomalous: isAnomalous && counts,
    middle: back(middle),
    expected: {
      low: side === 'high' ? Number.NEGATIVE_INFINITY : back(expected.low),
      high: side === 'low' ? Number.POSITIVE_INFINITY : back(expected.high),
    },
  };
}

function expectation(
  value: number,
  { high, low }: Verdict['expected'],
  middle: number,
  write: (value: number) => string,
): string {
  // It has been a little too much, or too little, for a while.
  if (Number.isFinite(middle) && value >= low && value <= high) return `, where ${write(middle)} is usual`;
  if (Number.isFinite(low) && Number.isFinite(high)) return `, where ${write(low)} to ${write(high)} is usual`;
  if (Number.isFinite(high)) return `, where ${write(high)} is the most`;
  return Number.isFinite(low) ? `, where ${write(low)} is the least` : '';
}

function finite(bound: number): number | null {
  return Number.isFinite(bound) ? bound : null;
}

/** With three digits that count. */
export function short(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 3 });
}

/** A share of 1, as people read it. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2)).toLocaleString('en-US', { maximumFractionDigits: 1 })} %`;
}
