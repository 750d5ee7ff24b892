import { forwardedVariable } from '../../producer/client-address.js';
import { jsonObject } from '../../producer/formats/json.js';
import { chosenFormat, FORMAT_NAMES } from '../../producer/formats/known-formats.js';
import {
  type LineOutcome,
  LineRefusal,
  ReadingFields,
  RequestFields,
  ServiceFields,
} from '../../producer/formats/line-format.js';
import { logfmtObject } from '../../producer/formats/logfmt.js';
import { recordsIn } from '../../producer/formats/record-lists.js';

/** How many of the lines that were tried a format can read. */
export interface Guess {
  readonly format: string;
  readonly read: number;
  readonly of: number;
}

/** So many lines say what a text is. */
export const GUESSED_LINES = 200;

/** Names for the same format. */
const ALIASES = new Set(['auto', 'common', 'vhost_combined', 'iis', 'cloudfront', 'apache-error']);

/** Every format that has a name is tried on the first lines. */
export function guessesOf(given: readonly string[]): Guess[] {
  const lines = given.flatMap((line) => recordsIn(line) ?? [line]);
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
const READING = {
  time: 'time',
  sensor_id: 'sensor',
  temperature: 'temperature',
  pressure: 'pressure',
  value: 'value',
} as const;

/** What `--map` would say that the first line's members are taken for; `?` where a field is found in none. */
export function mapOf(
  given: readonly string[],
  options: { readonly format: string; readonly map?: string | undefined },
): string | undefined {
  for (const line of given.flatMap((text) => recordsIn(text) ?? [text])) {
    const object = line.startsWith('{') ? jsonObject(line) : logfmtObject(line);
    if (object === undefined || object instanceof LineRefusal) continue;
    const { format } = chosenFormat(options.format, {
      forwarded: forwardedVariable(undefined),
      keepsDetails: true,
      map: options.map,
    });
    const members = membersOf(object as Record<string, unknown>);
    return valuesOf(format.read(line))
      .map(([name, value]) => `${name}=${value === undefined ? '?' : (memberWith(members, value) ?? '?')}`)
      .join(',');
  }
  return undefined;
}

/** By its name on the command line, what each field is taken to be. */
function valuesOf(outcome: LineOutcome): (readonly [name: string, value: unknown])[] {
  if (outcome instanceof RequestFields && outcome.status !== undefined) {
    return Object.entries(REQUEST).map(([name, field]) => [name, outcome[field]]);
  }
  if (outcome instanceof ReadingFields) return Object.entries(READING).map(([name, field]) => [name, outcome[field]]);
  const fields = outcome instanceof ServiceFields ? outcome : undefined;
  return Object.entries(SERVICE).map(([name, field]) => [name, fields?.[field]]);
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
