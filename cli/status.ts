import { createLogUpdate } from 'log-update';
import colors from 'picocolors';
import type { WriterMetrics } from '../producer/raw-topic-writer.js';
import type { Incident } from '../schemas/records.js';
import type { StandbyTask } from '../streams/index.js';
import type { Pipeline } from './pipeline.js';
import type { Peak, ResultsReader } from './results.js';

const TERMINAL_INTERVAL_MS = 500;
const PLAIN_INTERVAL_MS = 5000;
const SHOWN_INCIDENTS = 5;

export const GOAL_TITLES = {
  1: 'abusive clients',
  2: 'hosts with bursts of 4xx',
  3: 'successes by country and minute',
  4: 'mean request time by host and minute',
} as const;

/** Tells, while a pipeline runs, how it does: redrawn on a terminal, otherwise a line now and then. */
export class Status {
  readonly #pipeline: Pipeline;
  readonly #reader: ResultsReader;
  readonly #writer: WriterMetrics;
  readonly #terminal = process.stderr.isTTY ? createLogUpdate(process.stderr) : undefined;
  readonly #startedAt = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #lastAt = Date.now();
  #lastConsumed = 0;
  #drawing: Promise<void> = Promise.resolve();

  constructor(pipeline: Pipeline, reader: ResultsReader, writer: WriterMetrics) {
    this.#pipeline = pipeline;
    this.#reader = reader;
    this.#writer = writer;
  }

  start(): void {
    const interval = this.#terminal === undefined ? PLAIN_INTERVAL_MS : TERMINAL_INTERVAL_MS;
    this.#timer = setInterval(() => {
      // A status that cannot be had now is had the next time.
      this.#drawing = this.#draw().catch(() => {});
    }, interval);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#drawing;
    this.#terminal?.clear();
    this.#terminal?.done();
  }

  async #draw(): Promise<void> {
    await this.#reader.catchUp(80);
    const lag = await this.#pipeline.lag();
    const standbys = await this.#pipeline.standbyTasks();
    const { deadLetters, lateRecords, recordsConsumed } = this.#pipeline.metrics;
    const now = Date.now();
    const rate = Math.round(((recordsConsumed - this.#lastConsumed) * 1000) / Math.max(1, now - this.#lastAt));
    this.#lastAt = now;
    this.#lastConsumed = recordsConsumed;
    const facts = [
      `${number(recordsConsumed)} events`,
      `${number(rate)}/s`,
      `lag ${number(lag)}`,
      ...(standbys.length === 0 ? [] : [standbyText(standbys)]),
      `late ${number(lateRecords)}`,
      `dead letters ${number(deadLetters + this.#writer.badLines)}`,
    ].join('   ');
    if (this.#terminal === undefined) {
      const results = this.#reader.goals.map(({ goal, records }) => `goal ${goal}: ${number(records)}`);
      const { incidents } = this.#reader;
      if (incidents !== undefined) results.push(`incidents: ${number(incidents.count)}`);
      process.stderr.write(`${[facts, ...results].join('   ')}\n`);
      return;
    }
    const seconds = Math.round((now - this.#startedAt) / 1000);
    const goals = this.#reader.goals.map(({ goal, records, latest }) => {
      const title = `goal ${goal}  ${GOAL_TITLES[goal]}`.padEnd(46);
      const text = latest === undefined ? colors.dim('nothing yet') : peakText(latest);
      return `  ${goal <= 2 && latest !== undefined ? colors.yellow(title) : title}${number(records).padStart(9)}   ${text}`;
    });
    this.#terminal(
      [
        `${colors.bold('millrace')} ${colors.dim(`${seconds} s`)}   ${facts}`,
        ...goals,
        ...incidentLines(this.#reader),
        colors.dim('  Ctrl-C stops'),
      ].join('\n'),
    );
  }
}

function standbyText(standbys: readonly StandbyTask[]): string {
  const lag = standbys.reduce((sum, standby) => sum + standby.lag, 0);
  return `standbys ${number(standbys.length)} (lag ${number(lag)})`;
}

function incidentLines({ incidents }: ResultsReader): string[] {
  if (incidents === undefined) return [];
  const open = incidents.open.slice(0, SHOWN_INCIDENTS).map((incident) => `    ${colors.red(incidentText(incident))}`);
  return [
    `  ${'incidents'.padEnd(46)}${number(incidents.count).padStart(9)}   ${number(incidents.open.length)} open`,
    ...open,
  ];
}

/** An incident in a line. */
export function incidentText({ opened, severity, summary }: Incident): string {
  return `${timeText(opened)} ${severity}: ${summary}`;
}

function timeText(time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z');
}

/** A result in a line. */
export function peakText({ entity, windowStart, count, mean }: Peak): string {
  const time = timeText(windowStart);
  return mean === undefined
    ? `${entity} ${number(count)} from ${time}`
    : `${entity} ${mean.toFixed(3)} s over ${number(count)} from ${time}`;
}

export function number(value: number): string {
  return value.toLocaleString('en-US');
}
