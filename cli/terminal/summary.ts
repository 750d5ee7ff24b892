import type { LateMetrics, StreamsMetrics } from '@millrace/streams';
import type { ErrorBursts } from '../../app/results/error-bursts.js';
import type { GoalResults } from '../../app/results/goal-results.js';
import type { IncidentResults } from '../../app/results/incident-results.js';
import type { ResultsReader } from '../../app/results/results-reader.js';
import type { WriterMetrics } from '../../producer/raw-topic-writer.js';
import type { ApplicationConfig } from '../../topology/application-config.js';
import { burstText } from './error-burst-text.js';
import { oddFieldsText } from './odd-fields-text.js';
import { peakText } from './peak-text.js';
import { count, number } from './quantities.js';
import { refusedText } from './refused-text.js';
import { SafeText, safe } from './safe-text.js';
import { ERROR_TITLE, GOAL_TITLES, incidentText } from './status.js';
import { aboutHowLong, roundedUp } from './times.js';
import { excludedText, writtenText } from './written-text.js';

const TOP = 3;
const HOUR_MS = 3_600_000;

/** What the keys of a goal are. */
const KEYS = {
  1: ['client', 'clients'],
  2: ['host', 'hosts'],
  3: ['country', 'countries'],
  4: ['host', 'hosts'],
} as const;

/** What a run has done. */
export interface Run {
  readonly metrics: StreamsMetrics;
  readonly writer: WriterMetrics;
  readonly results: Pick<ResultsReader, 'goals' | 'serverErrors' | 'incidents'>;
  /** Whether it wrote the events itself; otherwise they are counted as they are read. */
  readonly feeds: boolean;
  readonly seconds: number;
  readonly topics: ApplicationConfig['topics'];
  /** How late an event may be in the goals, web statistics and sensors. */
  readonly graceMs: number;
  /** Prints a topic of this run's log: a command without the topic's name. */
  readonly consume: string;
}

/** What a run has done, for its end. */
export function summary(run: Run): SafeText {
  const { metrics, topics, writer } = run;
  const lines = [
    volume(run),
    ...excludedText(writer.excluded),
    ...refusedText(writer.refused, topics.deadLetters),
    ...oddFieldsText(writer.oddFields),
    ...undecoded(metrics, topics.deadLetters),
    ...lateness(run),
    ...(writer.events === 0 && writer.refused.total > 0 ? [] : found(ofWhatCame(run))),
    ...whereToLook(run),
  ];
  return SafeText.join(lines, '\n');
}

/** Of lines among which no request is, goals and bursts have nothing to say. */
function ofWhatCame({ feeds, results, writer }: Run): Run['results'] {
  const requests = writer.events - writer.serviceLines - writer.readings;
  const { goals, incidents, serverErrors } = results;
  if (!feeds || writer.events === 0 || requests > 0 || goals.some(({ records }) => records > 0)) return results;
  return { goals: [], incidents, serverErrors: serverErrors?.all.count === 0 ? undefined : serverErrors };
}

/** What there is of results, by goal, and of incidents. */
export function found({ goals, incidents, serverErrors }: Run['results']): SafeText[] {
  return [
    ...goals.flatMap(goalText),
    ...(serverErrors === undefined ? [] : burstsText(serverErrors)),
    ...(incidents === undefined ? [] : incidentsText(incidents)),
  ];
}

function volume({ feeds, metrics, seconds, writer }: Run): SafeText {
  const events = feeds ? writer.events : metrics.recordsConsumed;
  const perSecond = number(Math.round(events / Math.max(seconds, 0.001)));
  return safe`${feeds ? writtenText(writer) : count(events, 'record')} in ${seconds.toFixed(1)} s (${perSecond}/s)`;
}

function undecoded({ deadLetters }: StreamsMetrics, topic: string): SafeText[] {
  if (deadLetters === 0) return [];
  return [safe`${count(deadLetters, 'record')} could not be processed; see ${topic} for the reasons`];
}

function lateness({ graceMs, metrics, topics }: Run): SafeText[] {
  const { late, lateRecords } = metrics;
  if (lateRecords === 0) return [];
  const all = Object.values(late);
  const latest = Math.max(...all.map(({ maxLatenessMs }) => maxLatenessMs));
  const goals = Object.entries(late).map(missed).sort().join(', ');
  return [
    safe`${count(lateRecords, 'event')} came too late for some windows: ${goals}; the latest by ${aboutHowLong(latest)}`,
    safe`    they are in ${topics.late}; ${lateAdvice(all, graceMs)}`,
  ];
}

function missed([node, { dropped, records }]: [string, LateMetrics]): string {
  return dropped === 0
    ? `${node} ${number(records)}`
    : `${node} ${number(records)} (${number(dropped)} for all of theirs)`;
}

/**
 * A grace period keeps windows open and in memory: of more than an hour it is no way out. Where no more than there is was
 * needed, an earlier run had closed the windows at the end of its input.
 */
function lateAdvice(late: readonly LateMetrics[], graceMs: number): string {
  const needed = Math.max(...late.map(({ graceNeededMs }) => graceNeededMs));
  return needed > graceMs && needed <= HOUR_MS
    ? `--grace ${roundedUp(needed)} counts them, in a run with another --data-dir`
    : 'they are older than what this data directory already holds: a run with another --data-dir counts them, unless they ' +
        'stand more than an hour behind in the input itself';
}

function goalText(results: GoalResults): SafeText[] {
  const { goal, records } = results;
  const title = safe`goal ${goal}, ${GOAL_TITLES[goal]}`;
  if (records === 0) return [safe`${title}: none`];
  const [one, many] = KEYS[goal];
  const { count: keys, isMore } = results.keys;
  return [
    safe`${title}: ${count(records, 'result')} for ${isMore ? 'more than ' : ''}${count(keys, one, many)}`,
    ...results.top(TOP).map((peak) => safe`    ${peakText(goal, peak)}`),
  ];
}

function burstsText({ all: { bursts, count: all } }: ErrorBursts): SafeText[] {
  if (all === 0) return [safe`${ERROR_TITLE}: none`];
  return [safe`${ERROR_TITLE}: ${number(all)}`, ...bursts.slice(0, TOP).map((burst) => safe`    ${burstText(burst)}`)];
}

function incidentsText(incidents: IncidentResults): SafeText[] {
  if (incidents.count === 0) return [safe`incidents: none`];
  return [
    safe`incidents: ${number(incidents.count)}, of which ${number(incidents.open.length)} open`,
    ...incidents.gravest(TOP).map((incident) => safe`    ${incidentText(incident)}`),
  ];
}

/** The topics of results that have something in them. */
export function topicsWithResults({ goals, incidents, serverErrors }: Run['results']): string[] {
  return [
    ...goals.filter(({ records }) => records > 0).map(({ topic }) => topic),
    ...(serverErrors !== undefined && serverErrors.all.count > 0 ? [serverErrors.topic] : []),
    ...(incidents !== undefined && incidents.count > 0 ? [incidents.topic] : []),
  ];
}

function whereToLook({ consume, metrics, results, topics, writer }: Run): SafeText[] {
  return moreIn(consume, [
    ...topicsWithResults(results),
    ...(writer.refused.total + metrics.deadLetters > 0 ? [topics.deadLetters] : []),
    ...(metrics.lateRecords > 0 ? [topics.late] : []),
  ]);
}

/** How to print topics. */
export function moreIn(consume: string, topics: readonly string[]): SafeText[] {
  const [first, ...others] = topics;
  if (first === undefined) return [];
  const also = others.length === 0 ? '' : `; also ${others.join(', ')}`;
  return [safe`to see more: ${consume} ${first} --from-beginning${also}`];
}
