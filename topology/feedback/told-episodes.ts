import type { AlertEpisode, Peak } from '../../schemas/feedback.js';
import type { Alert } from '../../schemas/records.js';
import type { Verdicts } from './verdicts.js';

/** An alert as it goes on, of a detector that keeps its episodes itself. */
export interface GoingOn {
  /** As it is now. */
  alert: Alert;
  /** When it was last over its limit. */
  readonly lastOver: number;
  /** The most by now. */
  readonly peak: number;
  /** The feedback by which it is not told; undefined: it is. */
  quiet?: string | undefined;
}

/** What an alert comes to: what of it is told, and how far it went. */
export interface ToldEpisode {
  readonly alerts: readonly Alert[];
  readonly episode: AlertEpisode;
}

/** What is told of an alert that is opened: nothing when the same was fine. `goingOn` remembers it. */
export function toldFirst(goingOn: GoingOn, verdicts: Verdicts): ToldEpisode {
  goingOn.quiet = fineBy(goingOn, verdicts);
  return { alerts: goingOn.quiet === undefined ? [goingOn.alert] : [], episode: episodeOf(goingOn, 'open') };
}

/** What is told of an alert that has grown, or is no longer fine, or is fine by now. `goingOn` remembers it. */
export function toldFurther(goingOn: GoingOn, verdicts: Verdicts): ToldEpisode {
  const { alert, lastOver, quiet } = goingOn;
  const fine = fineBy(goingOn, verdicts);
  goingOn.quiet = fine;
  if ((fine === undefined) === (quiet === undefined)) {
    return { alerts: fine === undefined ? [alert] : [], episode: episodeOf(goingOn, 'open') };
  }
  // What was told is over; what is told now is another alert.
  if (fine !== undefined) return toldAs(goingOn, [{ ...alert, state: 'resolved', time: lastOver }]);
  goingOn.alert = {
    ...alert,
    id: `${alert.source_kind}/${alert.entity}/${alert.detector}@${lastOver}`,
    time: lastOver,
  };
  return toldAs(goingOn, [goingOn.alert]);
}

function toldAs(goingOn: GoingOn, alerts: readonly Alert[]): ToldEpisode {
  return { alerts, episode: episodeOf(goingOn, 'open') };
}

/** What is known of an alert whose peak is higher, which is told nobody. */
export function wentFurther(goingOn: GoingOn): ToldEpisode {
  return toldAs(goingOn, []);
}

/** What is told of its end. */
export function toldOver(goingOn: GoingOn, over: Alert): ToldEpisode {
  return { alerts: goingOn.quiet === undefined ? [over] : [], episode: episodeOf({ ...goingOn, alert: over }, 'over') };
}

/** Whether it is told and was said to be fine by now, or is not told and was fine no further than this. */
export function isOtherwiseNow(goingOn: GoingOn, verdicts: Verdicts): boolean {
  return (goingOn.quiet === undefined) !== (fineBy(goingOn, verdicts) === undefined);
}

function fineBy({ alert, lastOver, peak }: GoingOn, verdicts: Verdicts): string | undefined {
  const { detector, entity, severity, source_kind: sourceKind, window_start: began } = alert;
  if (verdicts.hasNone(sourceKind, detector)) return undefined;
  const gone = { signal: signalOf(alert), direction: 'high', severity, value: peak } as const;
  return verdicts.fine({ ...gone, sourceKind, detector, entity, time: lastOver, lastedMs: lastOver - began })?.id;
}

function signalOf({ fields }: Alert): string {
  return fields[0] ?? '';
}

function episodeOf({ alert, lastOver, peak: most, quiet }: GoingOn, state: AlertEpisode['state']): AlertEpisode {
  const { expected_high, expected_low, observed_count, observed_failures, severity } = alert;
  const signal = signalOf(alert);
  const peak: Peak = {
    ...{ signal, field: signal, direction: 'high', severity, value: most, expected_low, expected_high },
    ...{ failures: observed_failures ?? null, count: observed_count ?? null },
  };
  const why = 'The same was said to be fine.';
  return {
    alert,
    state,
    began: alert.window_start,
    updated: lastOver,
    peaks: [peak],
    quiet: quiet === undefined ? null : { feedback: quiet, why },
  };
}
