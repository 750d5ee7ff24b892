import type { EpisodeChange } from '../../detection/episodes.js';
import type { AlertEpisode, Peak } from '../../schemas/feedback.js';
import type { Alert } from '../../schemas/records.js';
import { directionOf, type Unusual } from '../feedback/said-of-detector.js';
import { finite } from './signals.js';

/** An alert that would have been told, had it not been said to be fine, and by which feedback. */
export interface QuietAlert {
  readonly alert: Alert;
  readonly feedback: string;
}

/** An alert of an episode, told or not, and how far the episode went. */
export interface EpisodeAlert {
  readonly alert: Alert | null;
  readonly quiet?: QuietAlert | undefined;
  readonly peaks?: readonly Peak[] | undefined;
}

interface Deviating extends Unusual {
  readonly field: string;
  readonly evidence?: { readonly failures: number; readonly count: number };
}

/** The farthest of each signal, with what is unusual now; the same list where nothing is further. */
export function extended(known: readonly Peak[] = [], unusual: readonly Deviating[]): readonly Peak[] {
  let peaks = known;
  for (const deviation of unusual) {
    const peak = peakOf(deviation);
    const before = peaks.find(({ direction, signal }) => signal === peak.signal && direction === peak.direction);
    if (before !== undefined && !isFurther(peak, before)) continue;
    peaks = [...peaks.filter((one) => one !== before), peak];
  }
  return peaks;
}

function peakOf({ evidence, expected, field, severity, signal, value }: Deviating): Peak {
  return {
    ...{ signal, field, direction: directionOf({ expected, value }), severity, value },
    ...{ expected_low: finite(expected.low), expected_high: finite(expected.high) },
    ...{ failures: evidence?.failures ?? null, count: evidence?.count ?? null },
  };
}

function isFurther({ direction, value }: Peak, before: Peak): boolean {
  return direction === 'high' ? value > before.value : value < before.value;
}

/** What of an episode is to be known elsewhere: that it began, went further, was or was not told, or is over. */
export function episodeRecords(
  before: EpisodeAlert,
  now: EpisodeAlert,
  { kind, startMs: began }: Pick<EpisodeChange, 'kind' | 'startMs'>,
  updated: number,
): AlertEpisode[] {
  const records: AlertEpisode[] = [];
  const last = before.alert ?? before.quiet?.alert;
  const alert = now.alert ?? now.quiet?.alert;
  if (last !== undefined && (kind === 'closed' || last.id !== alert?.id)) {
    records.push({ ...recordOf(last, before), state: 'over', began, updated });
  }
  const isAsBefore = last?.id === alert?.id && before.peaks === now.peaks && before.quiet === now.quiet;
  if (alert !== undefined && !isAsBefore) records.push({ ...recordOf(alert, now), state: 'open', began, updated });
  return records;
}

function recordOf(alert: Alert, { peaks = [], quiet }: EpisodeAlert): Pick<AlertEpisode, 'alert' | 'peaks' | 'quiet'> {
  return { alert, peaks, quiet: quiet === undefined ? null : quietBy(quiet.feedback) };
}

function quietBy(feedback: string): NonNullable<AlertEpisode['quiet']> {
  return { feedback, why: 'The same was said to be fine.' };
}
