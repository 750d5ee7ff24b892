import type { StandbyTask, StreamsMetrics } from '@millrace/streams';
import colors from 'picocolors';
import type { Pipeline } from '../../app/pipeline/pipeline.js';
import type { ErrorBursts } from '../../app/results/error-bursts.js';
import type { GoalResults } from '../../app/results/goal-results.js';
import type { ResultsReader } from '../../app/results/results-reader.js';
import type { WriterMetrics } from '../../producer/raw-topic-writer.js';
import type { Incident } from '../../schemas/records.js';
import { burstWithin } from './error-burst-text.js';
import { say } from './output.js';
import { peakWithin } from './peak-text.js';
import { count, number } from './quantities.js';
import { SafeText, safe } from './safe-text.js';
import { Screen } from './screen.js';
import { timeText } from './times.js';
import { cut, padEnd, padStart, widthOf } from './width.js';

const TERMINAL_INTERVAL_MS = 500;
const PLAIN_INTERVAL_MS = 5000;
const SHOWN_INCIDENTS = 5;

export const GOAL_TITLES = {
  1: 'abusive clients',
  2: 'hosts with bursts of 4xx',
  3: 'successes by country and minute',
  4: 'mean request time by host and minute',
} as const;

export const ERROR_TITLE = 'bursts of server errors';

/** For terminals of fewer columns than `WIDE`. */
const SHORT_TITLES = { 1: 'abusive clients', 2: 'bursts of 4xx', 3: 'successes', 4: 'request times' } as const;

const WIDE = 100;
const NARROW = 60;
const GAP = '   ';

/** What is known of a pipeline that runs. */
export interface Snapshot {
  readonly seconds: number;
  readonly ratePerSecond: number;
  readonly lag: number;
  readonly standbys: readonly StandbyTask[];
  readonly metrics: Pick<StreamsMetrics, 'deadLetters' | 'lateRecords' | 'recordsConsumed'>;
  readonly writer: WriterMetrics;
  /** Whether this process writes the events; otherwise they are counted as they are read. */
  readonly feeds: boolean;
  readonly results: Pick<ResultsReader, 'goals' | 'serverErrors' | 'incidents'>;
  /** Of the dashboard. */
  readonly url?: string | undefined;
}

/** Tells, while a pipeline runs, how it does: redrawn on a terminal, otherwise a line now and then. */
export class Status {
  readonly #pipeline: Pipeline;
  readonly #reader: ResultsReader;
  readonly #writer: WriterMetrics;
  readonly #feeds: boolean;
  /** Of the dashboard, when it is there. */
  url: string | undefined;
  readonly #screen = Screen.open();
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #lastAt = performance.now();
  #lastConsumed = 0;
  #drawing: Promise<void> = Promise.resolve();

  constructor(pipeline: Pipeline, reader: ResultsReader, writer: WriterMetrics, feeds: boolean) {
    this.#pipeline = pipeline;
    this.#reader = reader;
    this.#writer = writer;
    this.#feeds = feeds;
  }

  start(): void {
    const interval = this.#screen === undefined ? PLAIN_INTERVAL_MS : TERMINAL_INTERVAL_MS;
    this.#timer = setInterval(() => {
      // A status that cannot be read now is read the next time.
      this.#drawing = this.#draw().catch(() => {});
    }, interval);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#drawing;
    this.#screen?.close();
  }

  async #draw(): Promise<void> {
    await this.#reader.catchUp(80);
    const snapshot = await this.#snapshot();
    if (this.#screen === undefined) say(statusLine(snapshot));
    else this.#screen.draw(statusLines(snapshot, this.#screen.columns));
  }

  async #snapshot(): Promise<Snapshot> {
    const lag = await this.#pipeline.lag();
    const standbys = await this.#pipeline.standbyTasks();
    const { metrics } = this.#pipeline;
    const now = performance.now();
    const processed = metrics.recordsConsumed - this.#lastConsumed;
    const ratePerSecond = Math.round((processed * 1000) / Math.max(1, now - this.#lastAt));
    this.#lastAt = now;
    this.#lastConsumed = metrics.recordsConsumed;
    const seconds = Math.round((now - this.#startedAt) / 1000);
    return {
      ...{ seconds, ratePerSecond, lag, standbys, metrics },
      ...{ writer: this.#writer, feeds: this.#feeds, results: this.#reader, url: this.url },
    };
  }
}

/** All of it in a line, for where the output is no terminal. */
export function statusLine(snapshot: Snapshot): SafeText {
  const { goals, incidents, serverErrors } = snapshot.results;
  const results = goals.map(({ goal, records }) => safe`goal ${goal}: ${number(records)}`);
  if (serverErrors !== undefined) results.push(safe`bursts of 5xx: ${number(serverErrors.all.count)}`);
  if (incidents !== undefined) results.push(safe`incidents: ${number(incidents.count)}`);
  return SafeText.join([...facts(snapshot), ...results], GAP);
}

/** What is drawn on a terminal; no line is wider than so many columns. */
export function statusLines(snapshot: Snapshot, columns: number): SafeText[] {
  const { goals, incidents, serverErrors } = snapshot.results;
  const head = safe`${safe`millrace`.with(colors.bold)} ${safe`${snapshot.seconds} s`.with(colors.dim)}`;
  const titles = goals.map(({ goal }) => titleOf(goal, columns));
  const errorTitle = columns >= WIDE ? ERROR_TITLE : 'bursts of 5xx';
  const titleWidth = Math.max(errorTitle.length, ...titles.map(({ length }) => length));
  return [
    ...flowed([head, ...facts(snapshot)], columns),
    ...goals.map((goal, index) => goalLine(goal, padEnd(safe`${titles[index] ?? ''}`, titleWidth), columns)),
    ...(serverErrors === undefined ? [] : [burstLine(serverErrors, padEnd(safe`${errorTitle}`, titleWidth), columns)]),
    ...(incidents === undefined
      ? []
      : [
          safe`  ${padEnd(safe`incidents`, titleWidth)}${counted(incidents.count)}  ${number(incidents.open.length)} open`,
          ...incidents.open.slice(0, SHOWN_INCIDENTS).map((one) => safe`    ${incidentText(one)}`.with(colors.red)),
        ]),
    snapshot.url === undefined
      ? safe`  Ctrl-C stops`.with(colors.dim)
      : safe`  ${snapshot.url}   ${safe`Ctrl-C stops`.with(colors.dim)}`,
  ].map((line) => cut(line, columns));
}

function facts({ feeds, lag, metrics, ratePerSecond, standbys, writer }: Snapshot): SafeText[] {
  const deadLetters = metrics.deadLetters + writer.refused.total;
  return [
    feeds ? safe`${count(writer.events, 'event')}` : safe`${count(metrics.recordsConsumed, 'record')}`,
    safe`${number(ratePerSecond)}/s`,
    safe`lag ${number(lag)}`,
    ...(standbys.length === 0 ? [] : [standbyText(standbys)]),
    safe`late ${number(metrics.lateRecords)}`,
    safe`${count(deadLetters, 'dead letter')}`,
  ];
}

/** Side by side, on as many lines as it takes. */
function flowed(parts: readonly SafeText[], columns: number): SafeText[] {
  const lines: SafeText[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    const longer = last === undefined ? part : safe`${last}${GAP}${part}`;
    if (last !== undefined && widthOf(longer) > columns) lines.push(safe`  ${part}`);
    else lines.splice(-1, 1, longer);
  }
  return lines;
}

function titleOf(goal: GoalResults['goal'], columns: number): string {
  if (columns >= WIDE) return `goal ${goal}  ${GOAL_TITLES[goal]}`;
  return columns >= NARROW ? `goal ${goal}  ${SHORT_TITLES[goal]}` : SHORT_TITLES[goal];
}

function goalLine(results: GoalResults, title: SafeText, columns: number): SafeText {
  const { goal, records } = results;
  const [worst] = results.top(1);
  const isAlert = goal <= 2 && worst !== undefined;
  const head = safe`  ${isAlert ? title.with(colors.yellow) : title}${counted(records)}  `;
  const text =
    worst === undefined
      ? safe`nothing yet`.with(colors.dim)
      : peakWithin(goal, worst, Math.max(1, columns - widthOf(head)));
  return safe`${head}${text}`;
}

function burstLine({ all: { bursts, count: all } }: ErrorBursts, title: SafeText, columns: number): SafeText {
  const [worst] = bursts;
  const head = safe`  ${worst === undefined ? title : title.with(colors.yellow)}${counted(all)}  `;
  const text =
    worst === undefined ? safe`nothing yet`.with(colors.dim) : burstWithin(worst, Math.max(1, columns - widthOf(head)));
  return safe`${head}${text}`;
}

function counted(value: number): SafeText {
  return padStart(safe`${number(value)}`, 9);
}

function standbyText(standbys: readonly StandbyTask[]): SafeText {
  const lag = standbys.reduce((sum, standby) => sum + standby.lag, 0);
  return safe`${count(standbys.length, 'standby', 'standbys')} (lag ${number(lag)})`;
}

/** An incident in a line. */
export function incidentText({ opened, severity, summary }: Incident): SafeText {
  return safe`${timeText(opened)} ${severity}: ${summary}`;
}
