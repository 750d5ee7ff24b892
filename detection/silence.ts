import { type Detector, UNJUDGED } from './detector.js';

export interface SilenceState {
  seen: number;
  /** Usual events in an interval. */
  mean: number;
  /** The usual share of intervals with events; what older versions have written lacks it. */
  busy?: number;
  /** How long the way from events to the next is at a time that is drawn: as long as usual, or twice that where chance says when. */
  gap?: number;
  /** How many events an interval differs from the one before it by; what older versions have written lacks it. */
  step?: number;
  /** Events of the last interval. */
  last?: number;
  /** Intervals without an event up to now. */
  run: number;
  /** The longest such run that was followed by events, fading; without those that were taken for outages. */
  longest: number;
  /** Intervals in those that were, and the other intervals, both fading; what older versions have written lacks them. */
  silent?: number;
  there?: number;
  /** How many outages were longer than a pause. */
  outages?: number;
  /** Those that were, and were short: when they ended, in milliseconds since the epoch, and how long they were. */
  gaps?: readonly (readonly [endMs: number, run: number])[];
}

export interface SilenceOptions {
  /** So many events that should have come and have not are an anomaly. Default 15: by chance once in e^15, three million times. */
  readonly missed?: number;
}

export const MISSED = 15;
/** Who pauses from time to time is not missed before it has paused for so many times as long as ever. */
const LONGER = 2;
const SPAN = 100;
/** Of steps from interval to interval: a batch is some of them. */
const STEPS_SPAN = 1000;
/** Of what is sparse, more: with so many intervals that have events. */
const KNOWN_BUSY = 20;
/** Where fewer intervals are without an event, how often there is none is not known. */
const LEAST_EMPTY = 0.05;
/** Up to so many times as long as usual, gaps are no matter of chance. */
const REGULAR = 1.25;
const WARMUP = 12;
/** Of what was seen for fewer intervals nobody knows whether it pauses: fewer without an event say nothing. */
const NEW = 120;
const MIN_NEW = 3;
/** Nor do they in a while more, unless so many events are missed. */
const YOUNG = 360;
const MISSED_YOUNG = 3 * MISSED;
/** With each interval that has events. */
const FADING = 0.9999;
/** Who was silent so often, and for longer than it was there, comes now and then: to be silent is usual. */
const COMES_AND_GOES = 3;
/** What is longer, in intervals, and was not usual, is an outage. */
const LONGEST_PAUSE = 6;
/**
 * But for what came three times in some hours, and was not longer than this: then it is usual, up to so many times the shortest
 * of them. A fault that comes back is told a second and a third time.
 */
const LONGEST_GAP = 18;
const GAPS = 3;
const GAP_REMEMBERED_MS = 8 * 3_600_000;
const LONGER_GAP = 1.5;

/**
 * Finds that events, counted in intervals, have ceased: at once where there are many, later where there are few, and later
 * still where pauses are usual. Times between events are taken for exponential, as of a Poisson process; of events that come in
 * bunches, bunches are counted, whether these come now and then or several in an interval.
 */
export function silence({ missed: limit = MISSED }: SilenceOptions = {}): Detector<SilenceState> {
  return {
    name: 'silence',
    initial: () => ({ seen: 0, mean: 0, run: 0, longest: 0 }),
    observe(state, timestampMs, count, said) {
      if (!Number.isFinite(count)) return UNJUDGED;
      if (count > 0) {
        learn(state, { timestampMs, count, limit, isFault: said?.isFault ?? false });
        return { score: 0, isAnomalous: false, expected: { low: 0, high: Number.POSITIVE_INFINITY } };
      }
      state.run++;
      const missed = missedIn(state, said?.isFault ? 0 : usualGap(state, timestampMs));
      return {
        // A half at the limit.
        score: missed / (missed + limit),
        isAnomalous: missed >= limit,
        expected: { low: state.mean, high: Number.POSITIVE_INFINITY },
      };
    },
  };
}

/** The events that should have come by now. @param usual runs up to it are usual anyway */
function missedIn(state: SilenceState, usual = 0): number {
  const { busy = 1, gap = 1, longest, mean: events, run, seen } = state;
  if (seen < WARMUP || comesAndGoes(state)) return 0;
  // The evidence of an empty interval is how rare it is: as many nats as there are events, if each comes by itself.
  const isByChance = 1 - busy > LEAST_EMPTY && gap * busy > REGULAR;
  const isRare = 1 - busy <= LEAST_EMPTY;
  const mean = isByChance ? Math.min(events, -Math.log(1 - busy)) : events / (isRare ? bunchOf(state) : 1);
  if (run < MIN_NEW && (seen < NEW || (seen < YOUNG && run * mean < MISSED_YOUNG))) return 0;
  // What has faded a little is as long as it was.
  return run <= Math.max(Math.round(LONGER * longest), usual) ? 0 : run * mean;
}

/**
 * How many events come together: the index of dispersion of counts, 1 of a Poisson process. The variance is that of steps from
 * interval to interval, for what rises and falls by the day is no bunch; and of their mean size, taken for normal, for a batch
 * makes few steps.
 */
function bunchOf({ mean, step = 0 }: SilenceState): number {
  return Math.max(1, ((Math.PI / 4) * step ** 2) / Math.max(mean, Number.MIN_VALUE));
}

function comesAndGoes({ outages = 0, silent = 0, there = 0 }: SilenceState): boolean {
  return outages >= COMES_AND_GOES && silent > there;
}

/** Runs that are as long as what came several times lately, or somewhat longer. */
function usualGap({ gaps = [] }: SilenceState, timestampMs: number): number {
  const recent = gaps.filter(([endMs]) => timestampMs - endMs <= GAP_REMEMBERED_MS);
  return recent.length < GAPS ? 0 : LONGER_GAP * Math.min(...recent.map(([, run]) => run));
}

interface Ended {
  readonly timestampMs: number;
  readonly count: number;
  readonly limit: number;
  /** Whether people have said that such a silence was a fault. */
  readonly isFault: boolean;
}

function learn(state: SilenceState, { count, isFault, limit, timestampMs }: Ended): void {
  const { gaps = [], run } = state;
  // A pause is usual from now on, also one that was taken for an outage at first; what lasts is not, but when it comes again.
  const isOutage = missedIn(state) >= limit;
  const isLong = isOutage && run > LONGEST_PAUSE;
  if (isLong && run <= LONGEST_GAP && !isFault) state.gaps = [...gaps, [timestampMs, run] as const].slice(-GAPS);
  const faded = FADING * state.longest;
  state.longest = isLong || (isOutage && isFault) ? faded : Math.max(faded, run);
  const intervals = isOutage ? 1 : run + 1;
  if (isLong && !isFault) state.outages = (state.outages ?? 0) + 1;
  state.silent = FADING * (state.silent ?? 0) + (isOutage ? run : 0);
  state.there = FADING * (state.there ?? 0) + intervals;
  const { busy = Math.min(1, state.mean), gap = 1 } = state;
  const rate = Math.max(1 / (state.seen + 1), 1 / Math.max(SPAN, KNOWN_BUSY / Math.max(busy, 1 / state.seen)));
  const weight = 1 - (1 - rate) ** intervals;
  state.seen += intervals;
  state.mean += weight * (count / intervals - state.mean);
  state.busy = busy + weight * (1 / intervals - busy);
  state.gap = gap + weight * (intervals - gap);
  const { last = count, step = 0 } = state;
  // A run of empty intervals is a step down and one up.
  const steps = run > 0 ? last + count : Math.abs(count - last);
  state.step = step + Math.max(1 / state.seen, 1 / STEPS_SPAN) * (steps - step * intervals);
  state.last = count;
  state.run = 0;
}
