import ms from 'ms';
import type { WriterMetrics } from '../producer/raw-topic-writer.js';
import type { StreamsMetrics } from '../streams/index.js';
import type { ApplicationConfig } from '../topology/application-config.js';
import type { ResultsReader } from './results.js';
import { GOAL_TITLES, incidentText, number, peakText } from './status.js';

const TOP = 3;

/** What a run has done, for its end. */
export function summary(
  metrics: StreamsMetrics,
  { goals, incidents }: ResultsReader,
  writer: WriterMetrics,
  { topics }: ApplicationConfig,
  seconds: number,
): string {
  const lines = [
    `${number(metrics.recordsConsumed)} events in ${seconds.toFixed(1)} s (${number(Math.round(metrics.recordsConsumed / Math.max(seconds, 0.001)))}/s)`,
  ];
  const deadLetters = writer.badLines + metrics.deadLetters;
  if (deadLetters > 0) {
    lines.push(
      `${number(deadLetters)} lines or records could not be used; they are in ${topics.deadLetters} with the reason`,
    );
  }
  lines.push(...lateness(metrics, topics.late));
  for (const goal of goals) {
    lines.push(
      `goal ${goal.goal}, ${GOAL_TITLES[goal.goal]}: ${number(goal.records)} results for ${number(goal.peaks.size)} keys`,
    );
    for (const peak of goal.top(TOP)) lines.push(`    ${peakText(peak)}`);
  }
  if (incidents !== undefined) {
    lines.push(`incidents: ${number(incidents.count)}, of which ${number(incidents.open.length)} are open`);
    for (const incident of incidents.newest(TOP)) lines.push(`    ${incidentText(incident)}`);
  }
  return lines.join('\n');
}

function lateness(metrics: StreamsMetrics, lateTopic: string): string[] {
  if (metrics.lateRecords === 0) return [];
  const late = Object.values(metrics.late);
  const latest = Math.max(...late.map(({ maxLatenessMs }) => maxLatenessMs));
  const needed = Math.ceil(Math.max(...late.map(({ graceNeededMs }) => graceNeededMs)) / 1000);
  const goals = Object.entries(metrics.late)
    .map(([goal, { dropped, records }]) => `${goal} ${number(records)} (${number(dropped)} wholly)`)
    .sort()
    .join(', ');
  return [
    `${number(metrics.lateRecords)} events came too late for windows of ${goals}; the latest was ${ms(latest, { long: true })} late`,
    `    they are in ${lateTopic}; --grace ${needed}s keeps them all`,
  ];
}
