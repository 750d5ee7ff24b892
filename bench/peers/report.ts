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

interface Statistic {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

const MEGABYTE = 1_000_000;

/** What is told of a run, as numbers. */
const MEASURES = {
  eventsPerSecond: ({ figures }: Run, events: number) => events / figures.seconds,
  processingEventsPerSecond: ({ figures }: Run, events: number) => events / figures.processingSeconds,
  startUpSeconds: ({ figures }: Run) => figures.seconds - figures.processingSeconds,
  cpuSeconds: ({ figures }: Run) => figures.cpuSeconds,
  brokerCpuSeconds: ({ figures }: Run) => figures.brokerCpuSeconds,
  peakMegabytes: ({ figures }: Run) => figures.peakBytes / MEGABYTE,
  filesMegabytes: ({ figures }: Run) => figures.filesBytes / MEGABYTE,
  changelogRecords: ({ figures }: Run) => figures.changelog.records,
  changelogMegabytes: ({ figures }: Run) => figures.changelog.bytes / MEGABYTE,
  repartitionRecords: ({ figures }: Run) => figures.repartition.records,
  repartitionMegabytes: ({ figures }: Run) => figures.repartition.bytes / MEGABYTE,
  resultRecords: ({ figures }: Run) => figures.results.records,
  resultMegabytes: ({ figures }: Run) => figures.results.bytes / MEGABYTE,
  lostPercent: ({ goals }: Run) => 100 * lost(goals),
} as const;

type Measure = keyof typeof MEASURES;
type Row = readonly [Run, ...Run[]];

/** The runs by setup, in the order of the setups' first runs. */
function rowsOf(runs: readonly Run[]): Row[] {
  const rows = new Map<string, Row>();
  for (const run of runs) {
    const id = `${run.peer}, ${run.setup}`;
    rows.set(id, [...(rows.get(id) ?? []), run] as unknown as Row);
  }
  return [...rows.values()];
}

function statistic(row: Row, measure: Measure, events: number): Statistic {
  const sorted = row.map((run) => MEASURES[measure](run, events)).sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? 0;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    most: at(sorted.length - 1),
  };
}

/** Every run, and each setup's medians and ranges. */
export function jsonReport(runs: readonly Run[], events: number, machine: unknown): string {
  const measures = Object.keys(MEASURES) as Measure[];
  const setups = rowsOf(runs).map((row) => ({
    peer: row[0].peer,
    setup: row[0].setup,
    rounds: row.length,
    ...Object.fromEntries(measures.map((measure) => [measure, statistic(row, measure, events)])),
  }));
  return `${JSON.stringify({ machine, events, setups, runs }, null, 2)}\n`;
}

/** The medians; of rates, times and memory the range below, where there is more than one run. */
export function tableReport(runs: readonly Run[], events: number): string {
  const head = [
    ...['', 'events/s', 'without\nstart-up', 'start-up\ns', 'CPU\ns', 'broker\nCPU s', 'peak\nMB', 'files\nMB'],
    ...['changelog', 'repartition', 'results', 'missing,\ndifferent'],
  ];
  const table = new Table({
    head,
    style: { head: [], border: [], 'padding-left': 0, compact: true },
    colAligns: head.map((_, column) => (column === 0 ? 'left' : 'right')),
  });
  for (const row of rowsOf(runs)) {
    const of = (measure: Measure) => statistic(row, measure, events);
    const volume = (records: Measure, megabytes: Measure) =>
      of(records).median === 0 ? '' : `${text(of(records).median, 0)}\n${text(of(megabytes).median, 1)} MB`;
    table.push([
      `${row[0].peer}\n${row[0].setup}`,
      range(of('eventsPerSecond'), 0),
      range(of('processingEventsPerSecond'), 0),
      range(of('startUpSeconds'), 1),
      range(of('cpuSeconds'), 1),
      range(of('brokerCpuSeconds'), 1),
      range(of('peakMegabytes'), 0),
      text(of('filesMegabytes').median, 0),
      volume('changelogRecords', 'changelogMegabytes'),
      volume('repartitionRecords', 'repartitionMegabytes'),
      volume('resultRecords', 'resultMegabytes'),
      of('lostPercent').most === 0 ? 'none' : `${range(of('lostPercent'), 1)} %`,
    ]);
  }
  return table.toString();
}

function range({ least, median, most }: Statistic, digits: number): string {
  return least === most
    ? text(median, digits)
    : `${text(median, digits)}\n${text(least, digits)}-${text(most, digits)}`;
}

function text(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
