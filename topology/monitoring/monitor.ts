import type { Evidence } from '../../detection/count-chart.js';
import type { Detector, Verdict } from '../../detection/detector.js';
import { type EpisodeOptions, type EpisodeState, type Episodes, episodes } from '../../detection/episodes.js';
import { compareToPeers, initialPeerState, type PeerState, type Tally } from '../../detection/peers.js';
import { initialRecurrence, isRecurring, type RecurrenceState } from '../../detection/recurrence.js';
import type { AlertEpisode, Peak } from '../../schemas/feedback.js';
import type { Alert, Severity, SourceKind } from '../../schemas/records.js';
import type { Calendar } from '../calendar.js';
import { arePeaksFine, NOTHING_SAID, newsOf, type SaidOfDetector, saidOf } from '../feedback/said-of-detector.js';
import { NO_VERDICTS, type Verdicts } from '../feedback/verdicts.js';
import { episodeRecords, extended, type QuietAlert } from './alert-episode.js';

/** Each has a state of its own kind. */
type AnyDetector = Pick<Detector<never>, 'name' | 'observe' | 'isSeasonal'> & { initial(): unknown };

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
}

/** Evidence that adds up over observations, with a state and words of its own. */
export interface ChartSignal<O> extends Pick<DescribedSignal<O>, 'severity' | 'field'> {
  /** Names its state, and its expectation: a field may be watched in several ways. */
  readonly chart: string;
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
}

/** What a monitor observes: a reading, or a window of an entity. */
export interface Observed {
  readonly entity: string;
  readonly scope: string;
  /** [start, end) in milliseconds since the epoch. */
  readonly start: number;
  readonly end: number;
}

/** Scores from here are far from usual: somewhat less than what opens an episode. */
const RECURRENCE_SCORE = 0.2;
const UNJUDGED: Judgement = { deviations: [], scores: {}, alerts: [] };
/** Alerts of an episode. */
const MAX_TOLD = 8;

interface DetectionState {
  /** What the detectors know, by the signals' fields. */
  readonly signals: Record<string, unknown>;
  readonly episode: EpisodeState;
  /** The alert that opened the episode. */
  alert: Alert | null;
  /** Those that told what came to it: another field, or a graver severity. */
  more?: readonly Alert[];
  /** When signals were far from usual: what comes again and again at the same distance in time is usual. */
  recurrences?: Record<string, RecurrenceState>;
  /** While an episode is open, how far it went. */
  peaks?: readonly Peak[];
  quiet?: QuietAlert;
}

/** What is known of an entity, by detection: plain data for a store. */
export type MonitorState = Record<string, DetectionState>;

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

export interface Judgement {
  readonly deviations: readonly Deviation[];
  /** The highest of each detection, 0 to 1. */
  readonly scores: Readonly<Record<string, number>>;
  /** Alerts that open now, or are over. */
  readonly alerts: readonly Alert[];
  /** By charts. */
  readonly expectations?: Readonly<Record<string, Expectation>>;
  /** Of alerts that are open, or would be: those that have begun, gone further or ended. */
  readonly episodes?: readonly AlertEpisode[];
}

/** Watches entities of one kind, and alerts once an episode. */
export class Monitor<O> {
  readonly #sourceKind: SourceKind;
  readonly #detections: readonly { readonly detection: Detection<O>; readonly episodes: Episodes }[];
  readonly #verdicts: Verdicts;

  constructor(sourceKind: SourceKind, detections: readonly Detection<O>[], verdicts: Verdicts = NO_VERDICTS) {
    this.#sourceKind = sourceKind;
    this.#detections = detections.map((detection) => ({ detection, episodes: episodes(detection.episodes) }));
    this.#verdicts = verdicts;
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
    return Object.values(states).flatMap((state) => openAlerts(state).map((alert) => resolved(alert, end)));
  }

  /** Judges the observation by what came before it, and learns from it: `states` is changed. */
  observe(states: MonitorState, observation: O, observed: Observed): Judgement {
    // Nothing is judged, and nothing learned: an alert that is open waits.
    if (this.#verdicts.calendar.isMaintenance(observed.start, observed.end)) return UNJUDGED;
    const all: Deviation[] = [];
    const alerts: Alert[] = [];
    const told: AlertEpisode[] = [];
    const scores: Record<string, number> = {};
    const expectations: Record<string, Expectation> = {};
    const { calendar } = this.#verdicts;
    for (const { detection, episodes } of this.#detections) {
      const { name } = detection;
      states[name] ??= { signals: {}, episode: episodes.initial(), alert: null };
      const state = states[name] as DetectionState;
      const said = this.#saidOf(name, state, observed);
      const { deviations: unusual, score } = judge(detection, state, observation, observed, expectations, {
        said,
        calendar,
      });
      scores[name] = score;
      const isAnomalous = unusual.length > 0;
      const change = episodes.observe(state.episode, observed.start, { isAnomalous, score });
      const { feedback, news } = newsOf(said, unusual);
      all.push(...news);
      if (feedback !== undefined) letIn(detection, state, unusual, news);
      if (change === undefined) continue;
      const before = { alert: state.alert, quiet: state.quiet, peaks: state.peaks };
      const isKnown = state.alert !== null || state.quiet !== undefined;
      if (change.kind === 'closed') {
        alerts.push(...openAlerts(state).map((alert) => resolved(alert, observed.end)));
        endEpisode(state);
      } else if (isAnomalous && (isKnown || (detection.tells?.(observation) ?? true))) {
        state.peaks = extended(state.peaks, unusual);
        alerts.push(...this.#tell(detection, state, { said, unusual, news, feedback }, observed));
      }
      told.push(...episodeRecords(before, state, change, observed.end));
    }
    return { deviations: all, scores, alerts, expectations, ...(told.length > 0 && { episodes: told }) };
  }

  /** What is told of an episode that is open, now that so much is unusual, and so much of it news. */
  #tell(
    { name, tellsMore }: Detection<O>,
    state: DetectionState,
    { feedback, news, said, unusual }: UnusualNow,
    observed: Observed,
  ): Alert[] {
    if (news.length === 0 && feedback !== undefined) {
      // What went further than was fine goes on to be told, also when it is less by now.
      if (state.alert !== null && state.peaks !== undefined && !arePeaksFine(said, state.peaks)) return [];
      // What was told before it was said to be fine is over.
      const over = openAlerts(state).map((alert) => resolved(alert, observed.end));
      state.quiet ??= { alert: this.#alert(name, unusual, observed), feedback };
      state.alert = null;
      delete state.more;
      return over;
    }
    if (state.alert === null) {
      state.alert = this.#alert(name, news, observed);
      delete state.quiet;
      return [state.alert];
    }
    const more = tellsMore ? news.filter((deviation) => isNews(deviation, openAlerts(state))) : [];
    if (more.length === 0) return [];
    const alert = this.#alert(name, more, observed);
    state.more = [...(state.more ?? []), alert];
    return [alert];
  }

  #saidOf(detector: string, { episode: { open, startMs } }: DetectionState, observed: Observed): SaidOfDetector {
    const { end: time, entity, start } = observed;
    const watched = { sourceKind: this.#sourceKind, detector, entity, time };
    return saidOf(this.#verdicts, watched, time - (open ? startMs : start));
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
      fields: [...new Set([gravest, ...others].map(({ field }) => field))],
      observed_count: gravest.evidence?.count ?? null,
      observed_failures: gravest.evidence?.failures ?? null,
      expected_failures: gravest.evidence?.expected ?? null,
      once_in_windows: gravest.evidence?.onceIn ?? null,
    };
  }
}

/** What people have said: of this detector's alerts, and beforehand. */
interface People {
  readonly said: SaidOfDetector;
  readonly calendar: Calendar;
}

/** What is unusual now, what of it is news, and by which feedback the rest is none. */
interface UnusualNow {
  readonly said: SaidOfDetector;
  readonly unusual: readonly Deviation[];
  readonly news: readonly Deviation[];
  readonly feedback: string | undefined;
}

function endEpisode(state: DetectionState): void {
  state.alert = null;
  delete state.more;
  delete state.quiet;
  delete state.peaks;
}

/** What was fine is learned as usual, by charts that can; detectors of series do so when they judge. */
function letIn<O>(
  { signals }: Detection<O>,
  { signals: states }: DetectionState,
  unusual: readonly Deviation[],
  news: readonly Deviation[],
): void {
  for (const deviation of unusual) {
    if (news.includes(deviation)) continue;
    const chart = signals.find((signal) => 'chart' in signal && signal.chart === deviation.signal);
    if (chart !== undefined && 'chart' in chart) chart.letIn?.(states[chart.chart]);
  }
}

function openAlerts({ alert, more = [] }: DetectionState): Alert[] {
  return alert === null ? [] : [alert, ...more];
}

/** What an open episode has not told yet. */
function isNews({ field, severity }: Deviation, told: readonly Alert[]): boolean {
  if (told.length === 0 || told.length >= MAX_TOLD) return false;
  if (severity === 'critical' && told.every((alert) => alert.severity !== 'critical')) return true;
  return !told.some(({ fields }) => fields.includes(field));
}

function resolved(alert: Alert, time: number): Alert {
  return { ...alert, time, state: 'resolved' };
}

function judge<O>(
  { name, signals }: Detection<O>,
  state: DetectionState,
  observation: O,
  observed: Observed,
  expectations: Record<string, Expectation>,
  people: People,
): { deviations: Deviation[]; score: number } {
  const { calendar, said } = people;
  const time = observed.start;
  const deviations: Deviation[] = [];
  let highest = 0;
  for (const signal of signals) {
    if ('chart' in signal) {
      const charted = judgeChart(signal, state, observation, observed, expectations, people);
      if (charted === undefined) continue;
      highest = Math.max(highest, charted.score);
      if (charted.isAnomalous) deviations.push(deviationOf(name, signal, charted));
      continue;
    }
    const judged =
      'tallies' in signal
        ? judgeAmongPeers(signal, state.signals, observation)
        : signal.detector.isSeasonal && calendar.isHoliday(time)
          ? undefined
          : judgeInSeries(signal, state.signals, observation, time, said);
    if (judged === undefined) continue;
    const { expected, isAnomalous, score, usual, value } = judged;
    highest = Math.max(highest, score);
    if (!isAnomalous) continue;
    // Means of times before and after a change of clocks are of no other day: they are learned, and nobody is told.
    if ('detector' in signal && signal.detector.isSeasonal && calendar.isJustChanged(time)) continue;
    const { field, severity } = signal;
    const explanation = `${signal.explain(value, observation)}${usual()}`;
    deviations.push({ detection: name, signal: field, field, severity, score, value, expected, explanation });
  }
  return { deviations, score: highest };
}

function judgeChart<O>(
  { chart, initial, judge: judgeIn }: ChartSignal<O>,
  state: DetectionState,
  observation: O,
  { end, start }: Observed,
  expectations: Record<string, Expectation>,
  { calendar, said }: People,
): Charted | undefined {
  const isFault = said.isFault(chart);
  state.signals[chart] ??= initial();
  const charted = judgeIn(state.signals[chart], observation, isFault);
  if (charted === undefined) return undefined;
  const { expected, isLearning } = charted;
  expectations[chart] = { low: finite(expected.low), high: finite(expected.high), isLearning };
  if (charted.score < RECURRENCE_SCORE && state.recurrences?.[chart] === undefined) return charted;
  state.recurrences ??= {};
  state.recurrences[chart] ??= initialRecurrence();
  const isFar = charted.score >= RECURRENCE_SCORE;
  const isUsual = isRecurring(
    state.recurrences[chart],
    { time: start, windowMs: end - start, isFar },
    calendar.localTime,
  );
  return isUsual && !isFault && charted.isAnomalous ? { ...charted, isAnomalous: false } : charted;
}

function deviationOf<O>(detection: string, { chart, field, severity }: ChartSignal<O>, charted: Charted): Deviation {
  const { evidence, expected, explain, score, value } = charted;
  const explanation = explain();
  const what = { detection, signal: chart, field, severity };
  return { ...what, score, value, expected, explanation, ...(evidence && { evidence }) };
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
  const { before, own, peers } = tallies(observation);
  const verdict = compareToPeers(states[field] as PeerState, own, peers, before);
  return { ...verdict, usual: () => `, where ${write(verdict.expected.high)} is usual among its peers` };
}

/** Undefined where the observation does not tell. */
function judgeInSeries<O>(
  signal: SeriesSignal<O>,
  states: Record<string, unknown>,
  observation: O,
  time: number,
  said: SaidOfDetector,
): JudgedSignal | undefined {
  const value = signal.value(observation);
  if (value === undefined) return undefined;
  states[signal.field] ??= signal.detector.initial();
  const { middle, ...verdict } = verdictOn(signal, states[signal.field], time, value, said);
  const { explainsAll, write = short } = signal;
  return { ...verdict, value, usual: () => (explainsAll ? '' : expectation(value, verdict.expected, middle, write)) };
}

function verdictOn<O>(
  { detector, field, scale, severity, side = 'both' }: SeriesSignal<O>,
  state: unknown,
  time: number,
  value: number,
  said: SaidOfDetector,
): Verdict & { middle: number } {
  const isLog = scale === 'log';
  const judged = isLog ? Math.log1p(Math.max(0, value)) : value;
  const back = (bound: number) => (isLog ? Math.max(0, Math.expm1(bound)) : bound);
  const sideOf = ({ high, low }: Verdict['expected']) => ({
    low: side === 'high' ? Number.NEGATIVE_INFINITY : back(low),
    high: side === 'low' ? Number.POSITIVE_INFINITY : back(high),
  });
  const wasSaid =
    said === NOTHING_SAID
      ? undefined
      : {
          isFault: said.isFault(field),
          isFine: ({ expected }: Verdict) =>
            said.fine({ signal: field, severity, value, expected: sideOf(expected) }) !== undefined,
        };
  const { expected, isAnomalous, score } = detector.observe(state as never, time, judged, wasSaid);
  const middle = (expected.low + expected.high) / 2;
  // Unusually little is no matter where only much is.
  const counts = side === 'both' || Number.isNaN(middle) || (side === 'high' ? judged > middle : judged < middle);
  return {
    score: counts ? score : 0,
    isAnomalous: isAnomalous && counts,
    middle: back(middle),
    expected: sideOf(expected),
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

const SHORT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 3 });

/** With three digits that count. */
export function short(value: number): string {
  return SHORT.format(Number(value.toPrecision(3)));
}

/** A share of 1, as people read it. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2)).toLocaleString('en-US', { maximumFractionDigits: 1 })} %`;
}
