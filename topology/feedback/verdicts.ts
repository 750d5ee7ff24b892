import { type LocalTime, localTimeOf } from '../../detection/local-time.js';
import type { Feedback, FeedbackLimit } from '../../schemas/feedback.js';
import type { Severity, SourceKind } from '../../schemas/records.js';
import { Calendar } from '../calendar.js';
import { isAlike } from './alike.js';

/** Where pipelines find what operators have said by now. The list is a new one whenever something changes. */
export interface FeedbackSource {
  current(): readonly Feedback[];
}

export const NO_FEEDBACK: FeedbackSource = { current: () => [] };

/** A signal of an entity, and when it is judged. */
export interface Watched {
  readonly sourceKind: SourceKind;
  readonly detector: string;
  readonly entity: string;
  readonly signal: string;
  /** Of the events, in ms since the epoch. */
  readonly time: number;
}

/** How far a signal is from usual. */
export interface Gone extends Watched, Pick<FeedbackLimit, 'direction' | 'severity' | 'value'> {
  /** For how long it has been so. */
  readonly lastedMs: number;
  /** The value itself is as expected: it is what came before it that makes it unusual, in either direction. */
  readonly isInside?: boolean;
}

interface Known {
  readonly feedback: Feedback;
  readonly limit: FeedbackLimit;
  readonly localTime: LocalTime | undefined;
}

const EVERY_DAY = new Calendar({ timeZone: 'UTC', holidays: [], maintenance: [] });
const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;

/**
 * What operators have said was fine, or was a fault, of what detectors find, of which the last counts; and what they have
 * said beforehand, in their calendar.
 */
export class Verdicts {
  readonly #source: FeedbackSource;
  readonly #calendar: () => Calendar;
  #list: readonly Feedback[] | undefined;
  #byDetector = new Map<string, readonly Known[]>();

  /** @param calendar the one of now */
  constructor(source: FeedbackSource, calendar: () => Calendar = () => EVERY_DAY) {
    this.#source = source;
    this.#calendar = calendar;
  }

  get calendar(): Calendar {
    return this.#calendar();
  }

  /** Whether nothing has been said of a detector: then there is nothing else to ask. */
  hasNone(sourceKind: SourceKind, detector: string): boolean {
    this.#refresh();
    return this.#byDetector.size === 0 || !this.#byDetector.has(`${sourceKind}/${detector}`);
  }

  /** What was said of the same, no graver; undefined: it is news. */
  fine(gone: Gone): Feedback | undefined {
    // A verdict on what is graver says nothing of this, but that it was a fault does.
    const last = this.#last(gone, ({ feedback, limit }) => feedback.verdict === 'fault' || isWithin(gone, limit));
    return last?.verdict === 'fine' ? last : undefined;
  }

  /** Whether the same was a fault, and is not to become usual. */
  isFault(watched: Watched): boolean {
    return this.#last(watched, () => true)?.verdict === 'fault';
  }

  #last(watched: Watched, counts: (known: Known) => boolean): Feedback | undefined {
    this.#refresh();
    let last: Feedback | undefined;
    for (const known of this.#byDetector.get(`${watched.sourceKind}/${watched.detector}`) ?? []) {
      const { feedback } = known;
      if ((last === undefined || feedback.said >= last.said) && isAbout(watched, known) && counts(known)) {
        last = feedback;
      }
    }
    return last;
  }

  #refresh(): void {
    const list = this.#source.current();
    if (list === this.#list) return;
    this.#list = list;
    const byDetector = new Map<string, Known[]>();
    for (const feedback of list) {
      const localTime = feedback.daily === null ? undefined : localTimeOf(feedback.daily.time_zone);
      for (const limit of feedback.limits) {
        const key = `${limit.source_kind}/${limit.detector}`;
        byDetector.set(key, [...(byDetector.get(key) ?? []), { feedback, limit, localTime }]);
      }
    }
    this.#byDetector = byDetector;
  }
}

function isAbout({ entity, signal, time }: Watched, { feedback, limit, localTime }: Known): boolean {
  const { daily, entities, from, until } = feedback;
  if (signal !== limit.signal || time < from || (until !== null && time >= until)) return false;
  if (entity !== limit.entity && !(entities === 'alike' && isAlike(entity, limit.entity))) return false;
  if (daily === null || localTime === undefined) return true;
  const minute = Math.floor(localTime(time) / MINUTE_MS) % DAY_MINUTES;
  const { from_minute: first, to_minute: last } = daily;
  return first <= last ? minute >= first && minute <= last : minute >= first || minute <= last;
}

function isWithin({ direction, isInside = false, lastedMs, severity, value }: Gone, limit: FeedbackLimit): boolean {
  if (SEVERITIES.indexOf(severity) > SEVERITIES.indexOf(limit.severity)) return false;
  if (limit.longest_ms !== null && lastedMs > limit.longest_ms) return false;
  if (direction !== limit.direction) return isInside;
  return direction === 'high' ? value <= limit.value : value >= limit.value;
}

export const NO_VERDICTS = new Verdicts(NO_FEEDBACK);
