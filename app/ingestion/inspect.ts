import { forwardedVariable } from '../../producer/client-address.js';
import { isRequest, isServiceLog, type SourceEvent } from '../../producer/event-builder.js';
import { jsonObject } from '../../producer/formats/json.js';
import { chosenFormat, FORMAT_NAMES } from '../../producer/formats/known-formats.js';
import { LineRefusal, RequestFields, ServiceFields } from '../../producer/formats/line-format.js';
import { logfmtObject } from '../../producer/formats/logfmt.js';
import { type LogSourceOptions, readLogs } from '../../producer/log-source.js';
import { addOddFields } from '../../producer/odd-fields.js';
import { RefusedLines } from '../../producer/refused-lines.js';
import { TextFile } from '../../producer/text-file.js';
import { serviceFromFile } from './service-from-file.js';

export type InspectOptions = Pick<LogSourceOptions, 'format' | 'host' | 'server' | 'map' | 'service' | 'timeZone'>;

/** How many of the lines that were tried a format can read. */
export interface Guess {
  readonly format: string;
  readonly read: number;
  readonly of: number;
}

/** A field of a kind of events: how many of them have it, and the first value. */
export interface InspectedField {
  readonly name: string;
  readonly present: number;
  readonly first: unknown;
}

export interface InspectedKind {
  readonly kind: 'requests' | 'service logs' | 'sensor readings';
  readonly events: number;
  readonly fields: readonly InspectedField[];
}

/** How a file is read. */
export interface Inspection {
  /** What the lines are taken for, as it was told while they were read. */
  readonly decisions: readonly string[];
  /** The best first. */
  readonly guesses: readonly Guess[];
  readonly kinds: readonly InspectedKind[];
  readonly refused: RefusedLines;
  readonly oddFields: ReadonlyMap<string, number>;
  readonly warnings: readonly string[];
  /** Which member is taken for which field; undefined where lines have no names in them. */
  readonly map: string | undefined;
  /** It has more lines than were looked at. */
  readonly isPart: boolean;
}

const GUESSED_LINES = 200;
const GUESSED_BYTES = 256 * 1024;
const DAY_MS = 86_400_000;
/** Names for the same format. */
const ALIASES = new Set(['auto', 'common', 'vhost_combined', 'iis', 'cloudfront', 'apache-error']);

/**
 * Reads a file as `start` would, and writes nothing.
 *
 * @param mostLines how many lines are looked at
 * @throws ProducerError for a file that cannot be read
 */
export async function inspectFile(
  path: string,
  options: InspectOptions,
  mostLines: number,
  signal: AbortSignal,
): Promise<Inspection> {
  const decisions: string[] = [];
  const warnings: string[] = [];
  const refused = new RefusedLines();
  const oddFields = new Map<string, number>();
  const kinds = { requests: new Fields(), 'service logs': new Fields(), 'sensor readings': new Fields() };
  const batches = readLogs({
    ...options,
    ...{ inputs: [path], follow: false, signal, maxFutureMs: DAY_MS, positions: new Map() },
    details: () => true,
    serviceOf: serviceFromFile,
    onDecision: (message) => decisions.push(message),
    onWarning: (message) => warnings.push(message),
    onDamage: (message) => warnings.push(message),
  });
  let lines = 0;
  let isPart = false;
  for await (const { badLines, events, oddFields: odd, readings, serviceLogs } of batches) {
    for (const event of [...events, ...serviceLogs, ...readings]) kinds[kindOf(event)].add(event);
    for (const { bytes, line, reason, source } of badLines) refused.add(source, line, reason, bytes);
    addOddFields(oddFields, odd);
    lines += events.length + serviceLogs.length + readings.length + badLines.length;
    isPart = lines >= mostLines;
    if (isPart) break;
  }
  const first = path === '-' ? [] : await firstLines(path);
  return {
    ...{ decisions, refused, oddFields, warnings, isPart },
    guesses: guessesOf(first),
    kinds: Object.entries(kinds).flatMap(([kind, fields]) =>
      fields.events === 0 ? [] : { kind: kind as InspectedKind['kind'], events: fields.events, fields: fields.list() },
    ),
    map: mapOf(first, options),
  };
}

function kindOf(event: SourceEvent): InspectedKind['kind'] {
  if (isRequest(event)) return 'requests';
  return isServiceLog(event) ? 'service logs' : 'sensor readings';
}

/** Counts which fields events have. */
class Fields {
  events = 0;
  readonly #present = new Map<string, { count: number; first: unknown }>();

  add(event: SourceEvent): void {
    this.events++;
    for (const [name, value] of Object.entries(event)) {
      const field = this.#present.get(name) ?? { count: 0, first: null };
      if (value !== null && value !== undefined) {
        if (field.count === 0) field.first = value;
        field.count++;
      }
      this.#present.set(name, field);
    }
  }

  list(): InspectedField[] {
    return [...this.#present].map(([name, { count, first }]) => ({ name, present: count, first }));
  }
}

async function firstLines(path: string): Promise<string[]> {
  const file = await TextFile.open(path);
  try {
    const head = await file.head(GUESSED_BYTES);
    const lines = head
      .toString()
      .replace(/^\ufeff/, '')
      .split(/\r?\n/);
    // The last may be cut off.
    if (lines.length > 1) lines.pop();
    return lines.filter((line) => line.trim() !== '').slice(0, GUESSED_LINES);
  } finally {
    await file.close();
  }
}

/** Every format that has a name is tried on the first lines. */
function guessesOf(lines: readonly string[]): Guess[] {
  return FORMAT_NAMES.filter((name) => !ALIASES.has(name))
    .map((name) => {
      const { format } = chosenFormat(name);
      const reader = format.forText?.(lines[0] ?? '') ?? format;
      return { format: name, read: lines.filter((line) => !isRefused(reader.read(line))).length, of: lines.length };
    })
    .filter(({ read }) => read > 0)
    .sort((one, other) => other.read - one.read);
}

function isRefused(outcome: unknown): boolean {
  return outcome instanceof LineRefusal;
}

const SERVICE = { time: 'time', service: 'service', level: 'level', message: 'message', source: 'source' } as const;
const REQUEST = { time: 'time', client_ip: 'client', host: 'host', path: 'path', status: 'status' } as const;

/** What `--map` would say that the first line's members are taken for; `?` where a field is found in none. */
function mapOf(lines: readonly string[], options: InspectOptions): string | undefined {
  for (const line of lines) {
    const object = line.startsWith('{') ? jsonObject(line) : logfmtObject(line);
    if (object === undefined || object instanceof LineRefusal) continue;
    const outcome = chosenFormat(options.format, {
      forwarded: forwardedVariable(undefined),
      keepsDetails: true,
      map: options.map,
    }).format.read(line);
    const isOfRequest = outcome instanceof RequestFields && outcome.status !== undefined;
    const values: readonly (readonly [string, unknown])[] = isOfRequest
      ? Object.entries(REQUEST).map(([name, field]) => [name, outcome[field]])
      : Object.entries(SERVICE).map(([name, field]) => [
          name,
          outcome instanceof ServiceFields ? outcome[field] : undefined,
        ]);
    const members = membersOf(object as Record<string, unknown>);
    return values
      .map(([name, value]) => `${name}=${value === undefined ? '?' : (memberWith(members, value) ?? '?')}`)
      .join(',');
  }
  return undefined;
}

function memberWith(members: ReadonlyMap<string, unknown>, value: unknown): string | undefined {
  for (const [name, held] of members) {
    if (held === value) return name;
    // A stack trace stands behind the message.
    if (typeof held === 'string' && held !== '' && typeof value === 'string' && value.startsWith(`${held}\n`))
      return name;
  }
  return undefined;
}

const DEEPEST = 4;

function membersOf(object: Record<string, unknown>, path = '', depth = DEEPEST): Map<string, unknown> {
  const members = new Map<string, unknown>();
  for (const [name, value] of Object.entries(object)) {
    if (typeof value === 'object' && value !== null && depth > 1) {
      for (const [inner, held] of membersOf(value as Record<string, unknown>, `${path}${name}.`, depth - 1)) {
        members.set(inner, held);
      }
    } else members.set(`${path}${name}`, value);
  }
  return members;
}
