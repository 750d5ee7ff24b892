import { type EpisodeState, type Episodes, episodes } from '../../detection/episodes.js';
import { UNKNOWN_HOST } from '../../schemas/canonical/host.js';
import type { AlertEpisode, Peak } from '../../schemas/feedback.js';
import type { Alert, SourceKind } from '../../schemas/records.js';
import { arePeaksFine, newsOf, type SaidOfDetector, saidOf } from '../feedback/said-of-detector.js';
import { NO_VERDICTS, type Verdicts } from '../feedback/verdicts.js';
import { episodeRecords, extended, type QuietAlert } from './alert-episode.js';
import { judge, type SignalsState } from './judge.js';
import { type Detection, type Deviation, type Expectation, finite, type Observed } from './signals.js';

const UNJUDGED: Judgement = { deviations: [], scores: {}, alerts: [] };
/** Alerts of an episode. */
const MAX_TOLD = 8;

interface DetectionState extends SignalsState {
  readonly episode: EpisodeState;
  /** The alert that opened the episode. */
  alert: Alert | null;
  /** Those that told what came to it: another field, or a graver severity. */
  more?: readonly Alert[];
  /** While an episode is open, how far it went. */
  peaks?: readonly Peak[];
  quiet?: QuietAlert;
}

/** What is known of an entity, by detection: plain data for a store. */
export type MonitorState = Record<string, DetectionState>;

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
  readonly #detectionsOf: (scope: string) => readonly Detection<O>[];
  readonly #watched = new Map<readonly Detection<O>[], readonly WatchedDetection<O>[]>();
  readonly #verdicts: Verdicts;

  /** @param detections those of an entity, by its scope, or the same of all; the same list is given for the same ones */
  constructor(
    sourceKind: SourceKind,
    detections: readonly Detection<O>[] | ((scope: string) => readonly Detection<O>[]),
    verdicts: Verdicts = NO_VERDICTS,
  ) {
    this.#sourceKind = sourceKind;
    this.#detectionsOf = typeof detections === 'function' ? detections : () => detections;
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
    if (this.#verdicts.calendar.isMaintenance(observed.start, observed.end, observed.scope)) return UNJUDGED;
    const all: Deviation[] = [];
    const alerts: Alert[] = [];
    const told: AlertEpisode[] = [];
    const scores: Record<string, number> = {};
    const expectations: Record<string, Expectation> = {};
    const { calendar } = this.#verdicts;
    for (const { detection, episodes } of this.#watchedOf(observed)) {
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
        alerts.push(...this.#tell(detection, state, { said, unusual, news, feedback, observation }, observed));
      }
      told.push(...episodeRecords(before, state, change, observed.end));
    }
    return { deviations: all, scores, alerts, expectations, ...(told.length > 0 && { episodes: told }) };
  }

  #watchedOf({ scope }: Observed): readonly WatchedDetection<O>[] {
    const detections = this.#detectionsOf(scope);
    let watched = this.#watched.get(detections);
    if (watched === undefined) {
      watched = detections.map((detection) => ({ detection, episodes: episodes(detection.episodes) }));
      this.#watched.set(detections, watched);
    }
    return watched;
  }

  /** What is told of an episode that is open, now that so much is unusual, and so much of it news. */
  #tell(
    detection: Detection<O>,
    state: DetectionState,
    { feedback, news, observation, said, unusual }: UnusualNow<O>,
    observed: Observed,
  ): Alert[] {
    const alertOf = (deviations: readonly Deviation[]) => this.#alert(detection, deviations, observation, observed);
    if (news.length === 0 && feedback !== undefined) {
      // What went further than was fine goes on to be told, also when it is less by now.
      if (state.alert !== null && state.peaks !== undefined && !arePeaksFine(said, state.peaks)) return [];
      // What was told before it was said to be fine is over.
      const over = openAlerts(state).map((alert) => resolved(alert, observed.end));
      state.quiet ??= { alert: alertOf(unusual), feedback };
      state.alert = null;
      delete state.more;
      return over;
    }
    if (state.alert === null) {
      state.alert = alertOf(news);
      delete state.quiet;
      return [state.alert];
    }
    const more = detection.tellsMore ? news.filter((deviation) => isNews(deviation, openAlerts(state))) : [];
    if (more.length === 0) return [];
    const alert = alertOf(more);
    state.more = [...(state.more ?? []), alert];
    return [alert];
  }

  #saidOf(detector: string, { episode: { open, startMs } }: DetectionState, observed: Observed): SaidOfDetector {
    const { end: time, entity, start } = observed;
    const watched = { sourceKind: this.#sourceKind, detector, entity, time };
    return saidOf(this.#verdicts, watched, time - (open ? startMs : start));
  }

  #alert(
    { causeOf, hostsOf, name: detector }: Detection<O>,
    deviations: readonly Deviation[],
    observation: O,
    { end, entity, scope, start }: Observed,
  ): Alert {
    const [gravest, ...others] = deviations.toSorted((one, other) => other.score - one.score) as [
      Deviation,
      ...Deviation[],
    ];
    const { expected, value } = gravest;
    const cause = causeOf?.(observation, expected);
    const words = [gravest, ...others].map(({ explanation }) => explanation);
    return {
      id: `${this.#sourceKind}/${entity}/${detector}@${start}`,
      time: end,
      source_kind: this.#sourceKind,
      entity,
      scope: cause?.scope ?? scope,
      detector,
      state: 'opened',
      severity: deviations.some(({ severity }) => severity === 'critical') ? 'critical' : gravest.severity,
      value,
      expected_low: finite(expected.low),
      expected_high: finite(expected.high),
      window_start: start,
      window_end: end,
      explanation: sentenceOf(
        this.#sourceKind,
        entity,
        `${words.join('; ')}${cause === undefined ? '' : `, ${cause.words}`}.`,
      ),
      fields: [...new Set([gravest, ...others].map(({ field }) => field))],
      observed_count: gravest.evidence?.count ?? null,
      observed_failures: gravest.evidence?.failures ?? null,
      expected_failures: gravest.evidence?.expected ?? null,
      once_in_windows: gravest.evidence?.onceIn ?? null,
      hosts: hostsOf?.(observation) ?? null,
    };
  }
}

interface WatchedDetection<O> {
  readonly detection: Detection<O>;
  readonly episodes: Episodes;
}

/** What is unusual now, what of it is news, and by which feedback the rest is none. */
interface UnusualNow<O> {
  readonly observation: O;
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

/** Of logs that name no host, there is none to be named. */
function sentenceOf(kind: SourceKind, entity: string, words: string): string {
  if (kind !== 'web' || entity !== UNKNOWN_HOST) return `${entity}: ${words}`;
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
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
