import type { CloudSeries } from './cloud-corpus.js';

/** The first part of each series, in which nothing is scored. */
const PROBATION_SHARE = 0.15;
/** Rows by which an alert may be early or late. */
const TOLERANCE_ROWS = 3;

export interface EventCounts {
  events: number;
  detected: number;
  alerts: number;
  /** Alerts at no event. */
  falseAlerts: number;
  /** Rows from each detected event's beginning to its first alert; under 0 is early. */
  readonly delays: number[];
}

export function noCounts(): EventCounts {
  return { events: 0, detected: 0, alerts: 0, falseAlerts: 0, delays: [] };
}

/** Adds what a series' alerts, which are rows in order, have found. */
export function countEvents(counts: EventCounts, series: CloudSeries, alerts: readonly number[]): void {
  const start = Math.floor(series.values.length * PROBATION_SHARE);
  const events = series.events.filter(({ last }) => last >= start);
  const scored = alerts.filter((row) => row >= start);
  const isAt = (row: number, { first, last }: { first: number; last: number }) =>
    row >= first - TOLERANCE_ROWS && row <= last + TOLERANCE_ROWS;
  counts.events += events.length;
  counts.alerts += scored.length;
  counts.falseAlerts += scored.filter((row) => !events.some((event) => isAt(row, event))).length;
  for (const event of events) {
    const alert = scored.find((row) => isAt(row, event));
    if (alert === undefined) continue;
    counts.detected++;
    counts.delays.push(alert - event.first);
  }
}

export interface EventMeasures {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly medianDelay: number;
}

/** Precision is over alerts, recall over events. */
export function measuresOf({ events, detected, alerts, falseAlerts, delays }: EventCounts): EventMeasures {
  const precision = alerts === 0 ? 0 : (alerts - falseAlerts) / alerts;
  const recall = events === 0 ? 0 : detected / events;
  const sorted = [...delays].sort((a, b) => a - b);
  return {
    precision,
    recall,
    f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall),
    medianDelay: sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN,
  };
}
