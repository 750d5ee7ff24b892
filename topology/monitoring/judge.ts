import type { Verdict } from '../../detection/detector.js';
import { compareToPeers, initialPeerState, type PeerState } from '../../detection/peers.js';
import { initialRecurrence, isRecurring, type RecurrenceState } from '../../detection/recurrence.js';
import type { Calendar } from '../calendar.js';
import { NOTHING_SAID, type SaidOfDetector } from '../feedback/said-of-detector.js';
import { short } from './numbers-in-words.js';
import {
  type Charted,
  type ChartSignal,
  type Detection,
  type Deviation,
  type Expectation,
  finite,
  type Observed,
  type PeerSignal,
  type SeriesSignal,
} from './signals.js';

/** Scores from here are far from usual: somewhat less than what opens an episode. */
const RECURRENCE_SCORE = 0.2;
/** As many times as this beyond a bound, or more, is as far as can be told. */
const FARTHEST = 1000;

/** What is known of the signals of a detection. */
export interface SignalsState {
  /** What the detectors know, by the signals' fields. */
  readonly signals: Record<string, unknown>;
  /** When signals were far from usual: what comes again and again at the same distance in time is usual. */
  recurrences?: Record<string, RecurrenceState>;
}

/** What people have said: of this detector's alerts, and beforehand. */
interface People {
  readonly said: SaidOfDetector;
  readonly calendar: Calendar;
}

/** Judges an observation by the signals of a detection, and learns from it: `state` and `expectations` are changed. */
export function judge<O>(
  { name, signals }: Detection<O>,
  state: SignalsState,
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
  { chart, initial, isWork = false, judge: judgeIn }: ChartSignal<O>,
  state: SignalsState,
  observation: O,
  { end, start }: Observed,
  expectations: Record<string, Expectation>,
  { calendar, said }: People,
): Charted | undefined {
  const isFault = said.isFault(chart);
  if (isNothing(state.signals[chart])) state.signals[chart] = initial();
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
    { time: start, windowMs: end - start, isFar, isWork, excess: timesBeyond(charted) },
    calendar.localTime,
  );
  return isUsual && !isFault && charted.isAnomalous ? { ...charted, isAnomalous: false } : charted;
}

/** Fixed limits of earlier versions left an empty state where a chart has its own. */
function isNothing(state: unknown): boolean {
  for (const _name in state as object | undefined) return false;
  return true;
}

/** How many times as far as the bound that was expected a value goes, however near that bound is; 0: it is within. */
function timesBeyond({ expected: { high, low }, value }: Charted): number {
  if (value > high) return value / Math.max(high, value / FARTHEST);
  return value < low ? low / Math.max(value, low / FARTHEST) : 0;
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
  { field, limit, tallies, write = short }: PeerSignal<O>,
  states: Record<string, unknown>,
  observation: O,
): JudgedSignal {
  states[field] ??= initialPeerState();
  const { before, own, peers } = tallies(observation);
  const verdict = compareToPeers(states[field] as PeerState, own, peers, before, limit);
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
  // A chart of that name may have its state there, when the limit is taken back.
  if (signal.detector.remembersNothing !== true) states[signal.field] ??= signal.detector.initial();
  const state = states[signal.field] ?? signal.detector.initial();
  // Field by field: a copy of the rest costs as much as the judgement, and this is done for each signal of each reading.
  const { expected, isAnomalous, middle, score } = verdictOn(signal, state, time, value, said);
  const { explainsAll, write = short } = signal;
  const usual = () => (explainsAll ? '' : expectation(value, expected, middle, write));
  return { expected, isAnomalous, score, value, usual };
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
