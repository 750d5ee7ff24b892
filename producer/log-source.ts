import { createReadStream, open as openCallback } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { AccessLog, SensorReading, ServiceLog } from '../schemas/records.js';
import { forwardedVariable } from './client-address.js';
import { EventBuilder, type EventDefaults, isRequest, isServiceLog, type SourceEvent } from './event-builder.js';
import { chosenFormat } from './formats/known-formats.js';
import { InputPlan } from './input-plan.js';
import { InputWatch } from './input-watch.js';
import { LastPieces } from './last-pieces.js';
import type { BadLine, ReadLine } from './line-reader.js';
import { FileInput, StreamInput } from './log-input.js';
import { type LineSource, merged } from './merge.js';
import { OddFieldCounts, type OddFields } from './odd-fields.js';
import type { InputOptions } from './open-text.js';
import { agedPositions } from './position-retention.js';
import { ProducerError } from './producer-error.js';
import type { ReadText } from './read-text.js';
import type { Positions, SourcePosition } from './source-position.js';

/** A text that comes from elsewhere than a path: it is read once, and has no positions. */
export interface StreamedInput {
  readonly name: string;
  open(): Promise<Readable>;
}

export interface LogSourceOptions extends EventDefaults {
  /**
   * Paths, `-` for standard input, and streams. What is compressed with gzip, xz, zstd or bzip2 is decompressed. With
   * `follow`, names of files that may not be there yet, of directories and of patterns, too.
   */
  readonly inputs: readonly (string | StreamedInput)[];
  /** `auto`, another name of `FORMAT_NAMES`, or what `chosenFormat` takes else. */
  readonly format: string;
  /** Which member of a line is which field, where its name does not say so: `time=ts,message=msg`. */
  readonly map?: string | undefined;
  /** The service that a file's name tells, for lines that do not; undefined where it tells none. */
  readonly serviceOf?: (path: string) => string | undefined;
  /** How many lines make a batch. Default 5,000. */
  readonly batchLines?: number;
  /** Go on when a file ends, across rotation. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Where texts were left, by the keys that batches have their positions under. */
  readonly positions: Positions;
  /** The virtual host that a file's name tells, for lines that do not; undefined where it tells none. */
  readonly hostOf?: (path: string) => string | undefined;
  /** A line that is further ahead of those around it is set aside. Default an hour. */
  readonly maxAheadMs?: number;
  /** Told what a user should know of an input, and reading goes on. */
  readonly onWarning?: (message: string) => void;
  /** Told what `auto` takes an input's lines for, once of inputs of one kind. */
  readonly onDecision?: (message: string) => void;
  /** Given what is read of streams and pipes, decompressed and in UTF-8. */
  readonly onText?: (piece: Buffer) => void;
  /** Told what of an input is missing because it breaks off or is damaged, and reading goes on. */
  readonly onDamage?: (message: string) => void;
}

/** Events on their way to their topics, and what became of the other lines. */
export interface EventBatch {
  /** Requests. In the order of their times, as far as each input has them so. */
  readonly events: readonly AccessLog[];
  readonly serviceLogs: readonly ServiceLog[];
  readonly readings: readonly SensorReading[];
  readonly badLines: readonly BadLine[];
  /** What was odd in lines that were used all the same. */
  readonly oddFields: OddFields;
  /** How many requests were left out for their paths. */
  readonly excluded: number;
}

/** What was read of files and pipes. */
export interface LogBatch extends EventBatch {
  /** Where to go on after this batch, by key; null deletes a key. Standard input and pipes, which cannot be read again, have none. */
  readonly positions: ReadonlyMap<string, SourcePosition | null>;
}

const openDescriptor = promisify(openCallback);

const NO_LINES = {
  events: [],
  serviceLogs: [],
  readings: [],
  badLines: [],
  oddFields: new Map(),
  excluded: 0,
} as const;
const POSITIONS_AT_ONCE = 1000;
const DEFAULT_BATCH_LINES = 5000;
const DEFAULT_MAX_AHEAD_MS = 3_600_000;
/** What is read at a time, of all inputs together, and of each at least and at most. */
const READ_BYTES = 8 * 1024 * 1024;
const MIN_READ_BYTES = 16 * 1024;
const MAX_READ_BYTES = 256 * 1024;

/** The name that a source is known by: a file's absolute path. */
function sourceName(input: string | StreamedInput): string {
  if (typeof input !== 'string') return input.name;
  return input === '-' ? '-' : resolve(input);
}

/**
 * Reads access logs in batches of events, merged by time: the order of the inputs does not matter. An input that is named
 * twice is read once.
 *
 * A caller that keeps each batch's positions together with its events, and gives them back, loses no line and doubles
 * none, wherever it was stopped, and whatever name a file has by then. Where another file stands at the path than the one
 * that was left there, the rest of that one is read, too, if it stands beside it under a name that rotation gives.
 *
 * What is in a pipe when it is told to stop comes, too: nobody can read it again.
 *
 * @throws ProducerError for an input that cannot be read
 */
export async function* readLogs(options: LogSourceOptions): AsyncGenerator<LogBatch> {
  const { batchLines = DEFAULT_BATCH_LINES, signal } = options;
  const oddFields = new OddFieldCounts();
  const lastPieces = new LastPieces(signal);
  const positions = new Map(options.positions);
  const { found, sources, watch } = await sourcesOf({ ...options, positions }, lastPieces, oddFields).catch((error) => {
    lastPieces.close();
    throw error;
  });
  const batch = new Batch(oddFields);
  function* handedOn(next: LogBatch): Generator<LogBatch> {
    yield next;
    for (const [key, position] of next.positions) {
      positions.delete(key);
      if (position !== null) positions.set(key, position);
    }
  }
  const taken = () => handedOn(batch.take());
  function* aged(seen: ReadonlySet<string>): Generator<LogBatch> {
    const changed = [...agedPositions(positions, seen, Date.now())];
    for (let from = 0; from < changed.length; from += POSITIONS_AT_ONCE) {
      yield* handedOn({ ...NO_LINES, positions: new Map(changed.slice(from, from + POSITIONS_AT_ONCE)) });
    }
  }
  try {
    for await (const lines of merged(sources, lastPieces.signal, watch)) {
      if (lines === undefined) {
        if (batch.lines > 0) yield* taken();
        const seen = watch?.seen();
        if (seen !== undefined) yield* aged(seen);
        continue;
      }
      for (const line of lines) {
        batch.add(line);
        if (batch.lines >= batchLines) yield* taken();
      }
    }
  } finally {
    lastPieces.close();
    await watch?.close();
  }
  if (batch.lines > 0) yield* taken();
  if (found !== undefined && !signal.aborted) yield* aged(found);
}

/** Lines on their way to a batch, and the last of each text. */
class Batch {
  lines = 0;
  #excluded = 0;
  #events: AccessLog[] = [];
  #serviceLogs: ServiceLog[] = [];
  #readings: SensorReading[] = [];
  #badLines: BadLine[] = [];
  #lastOf: ReadLine | undefined;
  readonly #lasts = new Map<ReadText, ReadLine>();
  readonly #oddFields: OddFieldCounts;

  constructor(oddFields: OddFieldCounts) {
    this.#oddFields = oddFields;
  }

  add(line: ReadLine): void {
    this.#addRecord(line);
    for (const other of line.others ?? []) this.#addRecord(other);
    if (this.#lastOf !== undefined && this.#lastOf.file !== line.file) this.#lasts.set(this.#lastOf.file, this.#lastOf);
    this.#lastOf = line;
  }

  #addRecord({ bad, event, excluded }: Pick<ReadLine, 'bad' | 'event' | 'excluded'>): void {
    this.lines++;
    if (event !== undefined) this.#addEvent(event);
    else if (bad !== undefined) this.#badLines.push(bad);
    else if (excluded) this.#excluded++;
  }

  #addEvent(event: SourceEvent): void {
    if (isRequest(event)) this.#events.push(event);
    else if (isServiceLog(event)) this.#serviceLogs.push(event);
    else this.#readings.push(event);
  }

  take(): LogBatch {
    if (this.#lastOf !== undefined) this.#lasts.set(this.#lastOf.file, this.#lastOf);
    const positions = new Map<string, SourcePosition | null>();
    for (const [text, line] of this.#lasts) {
      if (!text.hasPositions) continue;
      positions.set(text.key, text.positionAfter(line));
      if (text.oldKey !== undefined) positions.set(text.oldKey, null);
    }
    const batch = {
      events: this.#events,
      serviceLogs: this.#serviceLogs,
      readings: this.#readings,
      badLines: this.#badLines,
      oddFields: this.#oddFields.take(),
      excluded: this.#excluded,
      positions,
    };
    this.lines = 0;
    this.#excluded = 0;
    this.#events = [];
    this.#serviceLogs = [];
    this.#readings = [];
    this.#badLines = [];
    this.#lastOf = undefined;
    this.#lasts.clear();
    return batch;
  }
}

interface Sources {
  readonly sources: readonly LineSource[];
  readonly watch?: InputWatch;
  /** The keys of texts that have been read before, and are there. */
  readonly found?: ReadonlySet<string>;
}

async function sourcesOf(
  options: LogSourceOptions,
  lastPieces: LastPieces,
  oddFields: OddFieldCounts,
): Promise<Sources> {
  const { follow, maxAheadMs = DEFAULT_MAX_AHEAD_MS, onDamage: tellDamage = () => {}, positions, signal } = options;
  const { onText = () => {}, onWarning: warn = () => {} } = options;
  const inputs = [...new Map(options.inputs.map((input) => [sourceName(input), input])).values()];
  for (const input of inputs) {
    if (typeof input === 'string' && input !== '-' && !(follow && (await isWatched(input)))) await checkReadable(input);
  }
  if (signal.aborted) return { sources: [] };
  const formatOptions = {
    forwarded: forwardedVariable(options.client),
    keepsDetails: options.details !== undefined,
    map: options.map,
  };
  const { format, warnings } = chosenFormat(options.format, { ...formatOptions, onDecision: options.onDecision });
  for (const warning of warnings) warn(`--log-format: ${warning}`);
  const { hostOf = () => undefined, serviceOf = () => undefined } = options;
  const builderOf = builders(options, hostOf, serviceOf, oddFields);
  const pieceBytesOf = (files: number) =>
    Math.max(MIN_READ_BYTES, Math.min(MAX_READ_BYTES, Math.floor(READ_BYTES / Math.max(1, files))));
  const pieceBytes = pieceBytesOf(inputs.length);
  const inputOptions: InputOptions = {
    ...{ format, builderOf, hostOf, warn, tellDamage, onText, maxAheadMs, pieceBytes, signal },
  };
  const paths: string[] = [];
  const watched: string[] = [];
  const sources: LineSource[] = [];
  // A pipe is opened when there is someone at its other end: one waits after the other.
  let opened: Promise<unknown> = Promise.resolve();
  for (const input of inputs) {
    const name = sourceName(input);
    if (typeof input === 'string' && input !== '-') {
      const isFile = (await stat(input).catch(() => undefined))?.isFile() === true;
      if (follow && (isFile || (await isWatched(input)))) {
        watched.push(input);
        continue;
      }
      if (isFile) {
        paths.push(name);
        continue;
      }
    }
    const openNow = async () => {
      if (typeof input !== 'string') return input.open();
      return input === '-' ? process.stdin : openStream(name);
    };
    const openInTurn = () => {
      const opening = opened.then(openNow);
      opened = opening.catch(() => {});
      return opening;
    };
    sources.push(new StreamInput(name, openInTurn, lastPieces, inputOptions));
  }
  // To plan, the first lines of files are read: what is found there is told when they are read again.
  const first = chosenFormat(options.format, formatOptions).format;
  const planned = { builderOf, hostOf, positions, warn };
  if (watched.length > 0) {
    const onPlanned = () => oddFields.take();
    const watch = new InputWatch(watched, { ...inputOptions, ...planned, planFormat: first, pieceBytesOf, onPlanned });
    return { sources, watch };
  }
  const plan = new InputPlan({ ...planned, keepOpen: false, format: first });
  for (const input of await plan.plan(paths)) sources.push(new FileInput(input, inputOptions));
  oddFields.take();
  return { sources, found: plan.found };
}

/** Whether it is a directory, or nothing yet: what a pattern is, too. */
async function isWatched(input: string): Promise<boolean> {
  const stats = await stat(input).catch((error: NodeJS.ErrnoException) => error);
  return stats instanceof Error ? stats.code === 'ENOENT' : stats.isDirectory();
}

/** Builders by path. Files of one host share what was found out for their lines. */
function builders(
  options: LogSourceOptions,
  hostOf: (path: string) => string | undefined,
  serviceOf: (path: string) => string | undefined,
  oddFields: OddFieldCounts,
): (path: string) => EventBuilder {
  const byHost = new Map<string, EventBuilder>();
  const byService = new Map<string, EventBuilder>();
  return (path) => {
    const host = hostOf(path) ?? options.host;
    const ofHost = byHost.get(host) ?? new EventBuilder({ ...options, host }, oddFields);
    byHost.set(host, ofHost);
    const service = options.service ?? serviceOf(path);
    if (service === undefined) return ofHost;
    const key = JSON.stringify([host, service]);
    const ofService = byService.get(key) ?? ofHost.of(service);
    byService.set(key, ofService);
    return ofService;
  };
}

async function checkReadable(input: string): Promise<void> {
  try {
    const stats = await stat(input);
    if (stats.isDirectory()) {
      throw new ProducerError(
        'INPUT_IS_DIRECTORY',
        `${input} is a directory; name the log files in it, such as ${input}/*.log`,
      );
    }
    await access(input, constants.R_OK);
  } catch (cause) {
    throw cause instanceof ProducerError ? cause : unreadable(input, cause);
  }
}

function unreadable(input: string, cause: unknown): ProducerError {
  const { code, message } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return new ProducerError('INPUT_MISSING', `there is no file ${input}; its full path would be ${resolve(input)}`, {
        cause,
      });
    case 'EACCES':
    case 'EPERM':
      return new ProducerError(
        'INPUT_UNREADABLE',
        `no permission to read ${input}; run as a user who may read it, or let this one (chmod, or the log's group)`,
        { cause },
      );
    default:
      return new ProducerError('INPUT_UNREADABLE', `cannot read ${input}: ${message}`, { cause });
  }
}

/** What is no file. A pipe is read as a socket is: a file's read of a silent pipe cannot be stopped. */
async function openStream(path: string): Promise<Readable> {
  if (!(await stat(path)).isFIFO()) return createReadStream(path);
  return new Socket({ fd: await openDescriptor(path, 'r'), readable: true, writable: false });
}
