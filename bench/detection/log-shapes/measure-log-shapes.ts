/**
 * What is told falsely, and what is found, on texts of logs, which are read as `start` reads them: `npm run
 * bench:detection -- --log-shapes`.
 */
import { EventBuilder, isRequest, isServiceLog, type SourceEvent } from '../../../producer/event-builder.js';
import { AutoFormat } from '../../../producer/formats/auto.js';
import { LineReader } from '../../../producer/line-reader.js';
import { ReadText } from '../../../producer/read-text.js';
import type { AccessLog, Incident, ServiceLog } from '../../../schemas/records.js';
import { ApplicationRun } from '../../../test/reference/run-application.js';
import { median } from '../shapes/shapes.js';
import { type MeasureOptions, tell } from '../told.js';
import { LOG_FAULTS, type LogFault, type LogFaultName, secondsOf } from './log-faults.js';
import { LOG_FAULT_SHAPES, LOG_SHAPES, type LogShape } from './log-shapes.js';
import { type ArrivingLine, linesOfLogs } from './log-text.js';

const BATCH_LINES = 20_000;
const MS_PER_SECOND = 1000;
/** Before the first fault, and between two. */
const LEARNING_S = 2400;
const PAUSE_S = 600;
/** What is told so late is still of the fault: windows of web traffic are of a minute. */
const AFTER_S = 65;

interface Outcome {
  readonly incidents: readonly Incident[];
  readonly lines: number;
  /** Lines that became no event. */
  readonly unread: number;
}

async function outcomeOf(arriving: Iterable<readonly ArrivingLine[]>): Promise<Outcome> {
  const run = await ApplicationRun.create({ config: { pipelines: ['services', 'web-statistics'] } });
  const texts = { web: new ArrivingText('access.log'), services: new ArrivingText('services.log') };
  let events: SourceEvent[] = [];
  let lines = 0;
  let read = 0;
  const append = async () => {
    read += events.length;
    const requests = events.filter(isRequest);
    const serviceLogs = events.filter(isServiceLog);
    await run.append('accessLog', requests, ({ client_ip }: AccessLog) => client_ip);
    await run.append('serviceLogs', serviceLogs, ({ service }: ServiceLog) => service);
    events = [];
  };
  for (const some of arriving) {
    lines += some.length;
    for (const [isWeb, text] of [
      [true, texts.web],
      [false, texts.services],
    ] as const) {
      events.push(...text.push(some.filter((line) => line.isWeb === isWeb)));
    }
    if (events.length >= BATCH_LINES) await append();
  }
  events.push(...texts.web.end(), ...texts.services.end());
  await append();
  await run.drain();
  const last = new Map((await run.readAll('incidents')).map(({ key, value }) => [key, value]));
  await run.close();
  return { incidents: [...last.values()].filter((one) => one !== null), lines, unread: lines - read };
}

/** The lines of a text become events as those of a pipe do. */
class ArrivingText {
  readonly #reader: LineReader;

  constructor(name: string) {
    const nothing = Buffer.alloc(0);
    const file = new ReadText({ name, hasPositions: false, head: nothing });
    const format = new AutoFormat({ forwarded: 'never' });
    const builder = new EventBuilder({ host: 'www.example.com', server: 'web-1', maxFutureMs: 86_400_000 });
    const start = { offset: 0, lines: 0 };
    this.#reader = new LineReader({ file, start, before: nothing, beginning: nothing, format, builder });
  }

  push(lines: readonly ArrivingLine[]): SourceEvent[] {
    if (lines.length === 0) return [];
    return eventsOf(this.#reader.push(Buffer.from(lines.map(({ text }) => `${text}\n`).join(''))));
  }

  end(): SourceEvent[] {
    return eventsOf(this.#reader.end());
  }
}

function eventsOf(lines: ReturnType<LineReader['push']>): SourceEvent[] {
  return lines.flatMap(({ event }) => (event === undefined ? [] : [event]));
}

function faultsOf(): LogFault[] {
  let time = LEARNING_S;
  return (Object.keys(LOG_FAULTS) as LogFaultName[]).map((kind) => {
    // Not at the beginning of a window, nor of a minute.
    const startS = time + 17.3;
    const endS = startS + secondsOf(kind);
    time = endS + PAUSE_S;
    return { kind, startS, endS };
  });
}

function startOf({ begins: [day, hour] = [6, 9] }: LogShape): number {
  return Date.UTC(2026, 4, day, hour);
}

export async function measureOnLogShapes({ only, seed, tells }: MeasureOptions): Promise<void> {
  console.log('| normal traffic | hours of programs | false incidents | per hour | lines not read |');
  console.log('| --- | ---: | ---: | ---: | ---: |');
  for (const shape of LOG_SHAPES.filter(({ name }) => name.includes(only))) {
    const lines = linesOfLogs(shape, { faults: [], seed, startMs: startOf(shape) });
    const outcome = await outcomeOf(lines);
    const hours = shape.hours * shape.programs.length;
    const { length } = outcome.incidents;
    console.log(`| ${shape.name} | ${hours} | ${length} | ${(length / hours).toFixed(3)} | ${outcome.unread} |`);
    if (tells) tell(outcome.incidents);
  }
  for (const shape of LOG_FAULT_SHAPES.filter(({ name }) => name.includes(only))) {
    await measureFaults(shape, seed, tells);
  }
}

async function measureFaults(shape: LogShape, seed: number, tells: boolean) {
  const faults = faultsOf();
  const hours = ((faults.at(-1)?.endS ?? 0) + PAUSE_S) / 3600;
  const startMs = startOf(shape);
  const { incidents } = await outcomeOf(linesOfLogs({ ...shape, hours }, { faults, seed, startMs }));
  const secondsTo = ({ opened }: Incident) => (opened - startMs) / MS_PER_SECOND;
  const isOf = (one: Incident, { endS, startS }: LogFault) =>
    secondsTo(one) > startS && secondsTo(one) <= endS + AFTER_S;
  console.log(`\n| ${shape.name} | found after, s | incidents |\n| --- | ---: | ---: |`);
  const delays: number[] = [];
  for (const fault of faults) {
    const own = incidents.filter((one) => isOf(one, fault));
    const delay = Math.min(...own.map(secondsTo)) - fault.startS;
    if (own.length > 0) delays.push(delay);
    console.log(`| ${fault.kind} | ${own.length === 0 ? '' : delay.toFixed(1)} | ${own.length} |`);
    if (tells) tell(own);
  }
  const others = incidents.filter((one) => !faults.some((fault) => isOf(one, fault)));
  console.log(
    `recall ${(delays.length / faults.length).toFixed(3)}, median ${(median(delays) ?? 0).toFixed(1)} s, ` +
      `incidents of a fault ${((incidents.length - others.length) / Math.max(1, delays.length)).toFixed(2)}, ` +
      `false ${others.length} in ${hours.toFixed(1)} h`,
  );
  if (tells) tell(others);
}
