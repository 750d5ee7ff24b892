import type { Alert } from '../../schemas/records.js';
import { isOtherwiseNow, type ToldEpisode, toldFurther, wentFurther } from '../feedback/told-episodes.js';
import type { Verdicts } from '../feedback/verdicts.js';
import { Asked } from './asked.js';
import { counted } from './words.js';

/** An episode is over when nothing was over the limit for so long. */
export const REST_MS = 120_000;
/** After so long in stream time what is quiet is over, whatever is not yet told. */
export const SURELY_MS = 3_600_000;
/** What goes on for so long is usual. */
export const USUAL_AFTER_MS = 3_600_000;
/** An alert is told again, under the same name, when it is of so many times as many requests. */
const GROWTH = 2;
/** Its peak is noted, for those who say that it is fine, when it is so many times as high. */
const HIGHER = 1.25;

/** From the first window over a limit to the last. */
export interface Episode {
  /** As it was last told. */
  alert: Alert;
  /** When the last window over the limit ended. */
  lastOver: number;
  /** The most in a window. */
  peak: number;
  /** As it was last noted. */
  notedPeak?: number;
  /** Of how many requests the alert was. */
  told: number;
  /** All of it so far. */
  total: Asked;
  /** The feedback by which it is not told; undefined: it is. */
  quiet?: string | undefined;
}

/** Who is concerned, and how it is said. */
export interface Concern {
  readonly detector: string;
  readonly entity: string;
  readonly scope: string;
  /** Whose names the other side of the requests are. */
  readonly party: 'host' | 'client';
  readonly limit: number;
  readonly fields: readonly string[];
  /** `from` and `to`: the time that the requests are of. */
  readonly explain: (asked: Asked, peak: number, from: number, to: number) => string;
}

/** What a window over the limit was. */
export interface Over {
  readonly start: number;
  readonly end: number;
  readonly value: number;
}

export function opened(concern: Concern, { end, start, value }: Over, asked: Asked): Episode {
  const { detector, entity, fields, limit, scope } = concern;
  const alert: Alert = {
    id: `web/${entity}/${detector}@${start}`,
    time: end,
    source_kind: 'web',
    ...{ entity, scope, detector, state: 'opened', severity: 'warning', value },
    ...{ expected_low: null, expected_high: limit, window_start: start, window_end: end, fields },
    explanation: concern.explain(asked, value, start, end),
    ...{ observed_count: asked.count, observed_failures: asked.clientErrors },
    ...{ expected_failures: null, once_in_windows: null, asked: recordOf(asked, concern.party), hosts: null },
  };
  return { alert, lastOver: end, peak: value, told: asked.count, total: Asked.sum([asked]) };
}

/**
 * What is told of an episode that goes on, `requests` of it by now: all that was asked for when it has grown or is judged
 * otherwise, and else its peak when that is higher.
 */
export function toldOngoing(
  episode: Episode,
  concern: Concern,
  requests: number,
  total: () => Asked,
  verdicts: Verdicts,
): ToldEpisode | undefined {
  const { alert, notedPeak = 0, peak, told } = episode;
  if (requests >= GROWTH * told || isOtherwiseNow(episode, verdicts)) {
    const asked = total();
    episode.told = asked.count;
    episode.alert = now(episode, concern, asked);
    return toldFurther(episode, verdicts);
  }
  if (peak < HIGHER * Math.max(notedPeak, alert.value)) return undefined;
  episode.notedPeak = peak;
  return wentFurther(episode);
}

export function over(episode: Episode, concern: Concern, total: Asked): Alert {
  return { ...now(episode, concern, total), state: 'resolved', time: episode.lastOver };
}

/** Whether people have said that the same was a fault: it does not become usual, and what of it has is no longer. */
export function isKnownFault({ detector, entity, fields }: Concern, time: number, verdicts: Verdicts): boolean {
  if (verdicts.hasNone('web', detector)) return false;
  return verdicts.isFault({ sourceKind: 'web', detector, entity, signal: fields[0] ?? '', time });
}

/** An episode as JSON has it. */
export type StoredEpisode = Omit<Episode, 'total'> & { readonly total: Parameters<typeof Asked.stored>[0] };

export function episodeOf(stored: StoredEpisode | null): Episode | null {
  return stored === null ? null : { ...stored, total: Asked.stored(stored.total) };
}

function now({ alert, lastOver, peak }: Episode, { explain, party }: Concern, total: Asked): Alert {
  return {
    ...alert,
    value: peak,
    explanation: explain(total, peak, alert.window_start, lastOver),
    observed_count: total.count,
    observed_failures: total.clientErrors,
    asked: recordOf(total, party),
  };
}

function recordOf({ assets, clientErrors, count, of }: Asked, party: Concern['party']): NonNullable<Alert['asked']> {
  return {
    requests: count,
    assets,
    client_errors: clientErrors,
    paths: counted(of.paths),
    different_paths: of.paths.distinct,
    methods: counted(of.methods),
    statuses: counted(of.statuses),
    user_agents: counted(of.agents),
    hosts: party === 'host' ? counted(of.parties) : [],
    clients: party === 'client' ? counted(of.parties) : [],
  };
}
