import { randomUUID } from 'node:crypto';
import { localTimeOf } from '../../detection/local-time.js';
import type { AlertEpisode, Feedback, FeedbackLimit, Peak } from '../../schemas/feedback.js';
import type { Incident } from '../../schemas/records.js';
import { alertsOf } from './incident-detail.js';
import type { LiveResults } from './live-results.js';

/** The same is never the same to the digit: it may go so much further from what was expected. */
const MARGIN = 0.25;
/** It may last so many times as long, and a minute. */
const TIMES_AS_LONG = 2;
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
/** Around the times of the day of an incident. */
const AROUND_MINUTES = 30;

/** What somebody says of an incident. */
export interface SaidOfIncident extends Pick<Feedback, 'verdict' | 'by' | 'note' | 'until' | 'entities'> {
  readonly said: number;
  /** It holds at the same time of the day only, by the clocks of this zone. */
  readonly dailyIn: string | null;
}

/** What detectors learn of it; undefined where no alert of the incident is known any more. */
export function feedbackOn(live: LiveResults, incident: Incident, said: SaidOfIncident): Feedback | undefined {
  const episodes = episodesOf(live, incident);
  const limits = limitsOf(episodes);
  if (limits.length === 0) return undefined;
  const { dailyIn, ...rest } = said;
  const daily = dailyIn === null ? null : dailyOf(episodes, dailyIn);
  return { ...rest, id: randomUUID(), incident: incident.id, from: incident.updated, daily, limits };
}

function episodesOf(live: LiveResults, incident: Incident): AlertEpisode[] {
  return alertsOf(live, incident).flatMap(({ id }) => live.alertEpisode(id) ?? []);
}

/** Of each signal of each detector and entity, the farthest that it went. */
function limitsOf(episodes: readonly AlertEpisode[]): FeedbackLimit[] {
  const limits = new Map<string, FeedbackLimit>();
  for (const episode of episodes) {
    for (const peak of episode.peaks) {
      const limit = limitOf(episode, peak);
      const { detector, direction, entity, signal } = limit;
      const key = JSON.stringify([detector, entity, signal, direction]);
      const known = limits.get(key);
      const isFurther =
        known === undefined || (direction === 'high' ? limit.value > known.value : limit.value < known.value);
      if (isFurther) limits.set(key, limit);
    }
  }
  return [...limits.values()];
}

function limitOf({ alert, began, state, updated }: AlertEpisode, peak: Peak): FeedbackLimit {
  const { detector, entity, source_kind } = alert;
  const { direction, severity, signal } = peak;
  const value = Number(withMargin(peak).toPrecision(6));
  return {
    ...{ source_kind, detector, entity, signal, direction, severity, value },
    longest_ms: state === 'open' ? null : TIMES_AS_LONG * (updated - began) + MINUTE_MS,
    words: `${NAMES[peak.field] ?? peak.field.replaceAll('_', ' ')} of ${entity} ${inWords(peak, value)}`,
  };
}

function withMargin({ count, direction, expected_high: high, expected_low: low, value }: Peak): number {
  if (direction === 'low') {
    const further = value - MARGIN * Math.max(0, (low ?? value) - value);
    return value > 0 ? Math.max(value / 2, further) : further;
  }
  // Of shares the odds are what goes further: there is no more than all.
  if (value === 1 && count !== null) return 1;
  if (value > 0 && value < 1) {
    const odds = ((1 + MARGIN) * value) / (1 - value);
    return odds / (1 + odds);
  }
  return value + MARGIN * (high === null ? Math.abs(value) : Math.max(0, value - high));
}

const NAMES: Readonly<Record<string, string>> = {
  level: 'errors',
  status: 'failed responses',
  service: 'lines',
  endpoint: 'requests',
  ip: 'requests',
  client_ip: 'requests',
  error_rate: 'error rate',
};

function inWords({ count, direction, failures, field }: Peak, value: number): string {
  const isShare = (count !== null || field === 'error_rate') && value <= 1;
  const amount = isShare ? `${Number((value * 100).toPrecision(2))} %` : String(Number(value.toPrecision(3)));
  const counted = count === null || failures === null ? '' : `: it was ${failures} of ${count}`;
  if (direction === 'low') return `down to ${amount}`;
  return `up to ${amount}${isShare ? counted : ''}`;
}

function dailyOf(episodes: readonly AlertEpisode[], timeZone: string): NonNullable<Feedback['daily']> {
  const localTime = localTimeOf(timeZone);
  const minuteOf = (time: number) => Math.floor(localTime(time) / MINUTE_MS);
  const first = Math.min(...episodes.map(({ began }) => minuteOf(began))) - AROUND_MINUTES;
  const last = Math.max(...episodes.map(({ updated }) => minuteOf(updated))) + AROUND_MINUTES;
  const isAllDay = last - first >= DAY_MINUTES - 1;
  return {
    from_minute: isAllDay ? 0 : first % DAY_MINUTES,
    to_minute: isAllDay ? DAY_MINUTES - 1 : last % DAY_MINUTES,
    time_zone: timeZone,
  };
}
