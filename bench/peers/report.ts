import Table from 'cli-table3';
import type { Figures } from './measured-run.js';
import { type Comparison, lost } from './outputs.js';

/** One run of one setup. */
export interface Run {
  readonly peer: string;
  readonly setup: string;
  readonly round: number;
  readonly figures: Figures;
  readonly goals: Readonly<Record<string, Comparison>>;
}

interface Row {
  readonly peer: string;
  readonly setup: string;
  readonly runs: readonly Run[];
}

export interface Statistic {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

const MEGABYTE = 1_000_000;

/** What a row of the table tells, as a number of each run. */
const MEASURES: Readonly<Record<string, (run: Run, events: number) => number>> = {
  eventsPerSecond: ({ figures }, events) => events / figures.seconds,
  processingEventsPerSecond: ({ figures }, events) => events / figures.processingSeconds,
  startupSeconds: ({ figures }) => figures.seconds - figures.processingSeconds,
  cpuSeconds: ({ figures }) => figures.cpuSeconds,
  brokerCpuSeconds: ({ figures }) => figures.brokerCpuSeconds,
  peakMegabytes: ({ figures }) => figures.peakBytes / MEGABYTE,
  changelogRecords: ({ figures }) => figures.changelog.records,
  changelogMegabytes: ({ figures }) => figures.changelog.bytes / MEGABYTE,
  repartitionRecords: ({ figures }) => figures.repartition.records,
  repartitionMegabytes: ({ figures }) => figures.repartition.bytes / MEGABYTE,
  results: ({ figures }) => figures.results.records,
  resultMegabytes: ({ figures }) => figures.results.bytes / MEGABYTE,
  lostPercent: ({ goals }) => 100 * lost(goals),
};

/** The runs by setup, in the order of the setups. */
function rowsOf(runs: readonly Run[]): Row[] {
  const rows = new Map<string, Run[]>();
  for (const run of runs) {
    const id = `${run.peer}\n${run.setup}`;
    rows.set(id, [...(rows.get(id) ?? []), run]);
  }
  return [...rows].map(([id, ofRow]) => {
    const [peer = '', setup = ''] = id.split('\n');
    return { peer, setup, runs: ofRow };
  });
}

function statisticOf(values: readonly number[]): Statistic {
  const sorted = [...values].sort((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return { median: (low + high) / 2, least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 };
}

function statistics({ runs }: Row, events: number): Record<string, Statistic> {
  return Object.fromEntries(
    Object.entries(MEASURES).map(([name, measure]) => [name, statisticOf(runs.map((run) => measure(run, events)))]),
  );
}

/** Every run, and each setup's medians and ranges. */
export function jsonReport(runs: readonly Run[], events: number, machine: unknown): string {
  const setups = rowsOf(runs).map((row) => ({
    peer: row.peer,
    setup: row.setup,
    rounds: row.runs.length,
    ...statistics(row, events),
  }));
  return `${JSON.stringify({ machine, events, setups, runs }, null, 2)}\n`;
}

/** The medians, with their ranges where there is more than one run. */
export function tableReport(runs: readonly Run[], events: number): string {
  const head = [
    ...['', 'events/s', 'without start-up', 'start-up s', 'CPU s', 'broker CPU s', 'peak MB'],
    ...['changelog records', 'MB', 'repartition records', 'MB', 'results', 'missing or different'],
  ];
  const table = new Table({
    head,
    style: { head: [], border: [] },
    colAligns: head.map((_, column) => (column === 0 ? 'left' : 'right')),
    wordWrap: true,
  });
  for (const row of rowsOf(runs)) {
    const of = statistics(row, events);
    const cell = (name: string, digits = 0) => cellOf(of[name], row.runs.length, digits);
    table.push([
      `${row.peer}\n${row.setup}`,
      cell('eventsPerSecond'),
      cell('processingEventsPerSecond'),
      cell('startupSeconds', 1),
      cell('cpuSeconds', 1),
      cell('brokerCpuSeconds', 1),
      cell('peakMegabytes'),
      cell('changelogRecords'),
      cell('changelogMegabytes', 1),
      cell('repartitionRecords'),
      cell('repartitionMegabytes', 1),
      cell('results'),
      `${cell('lostPercent', 1)} %`,
    ]);
  }
  return table.toString();
}

function cellOf(statistic: Statistic | undefined, runs: number, digits: number): string {
  if (statistic === undefined) return '';
  const { least, median, most } = statistic;
  const text = (value: number) =>
    value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return runs === 1 || text(least) === text(most) ? text(median) : `${text(median)}\n${text(least)}-${text(most)}`;
}
