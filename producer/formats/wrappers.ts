import { jsonObject, messageIn } from './json.js';
import { type LineFormat, type LineOutcome, LineRefusal, RequestFields, ServiceFields } from './line-format.js';

/** A line that another program has put something of its own before, or around. */
interface Wrapped {
  readonly line: string;
  /** The machine, where the wrapper names it. */
  readonly server?: string | undefined;
}

const ISO_TIME = '\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:[.,]\\d{1,9})?(?:Z|[+-]\\d{2}:?\\d{2})';
const TAG = '[^\\s:[\\]]{1,64}(?:\\[\\d{1,10}\\])?:';

/** Each takes what stands before the line; the first group is the machine's name. */
const PREFIXES: readonly RegExp[] = [
  // syslog as RFC 3164 has it, in files without a priority.
  new RegExp(`^(?:<\\d{1,3}>)?[A-Z][a-z]{2} [ \\d]\\d \\d{2}:\\d{2}:\\d{2} (?:(\\S{1,255}) )?${TAG} ?`),
  // rsyslog's files.
  new RegExp(`^(?:<\\d{1,3}>)?${ISO_TIME} (\\S{1,255}) ${TAG} ?`),
  // syslog as RFC 5424 has it: version, time, machine, application, process, message, structured data.
  /^<\d{1,3}>\d{1,2} \S{1,64} (\S{1,255}) \S{1,48} \S{1,128} \S{1,32} (?:-|(?:\[(?:[^\]\\"]|"(?:[^"\\]|\\.)*")*\])+) ?\ufeff?/,
  // Kubernetes' containers, and what kubectl prints with --timestamps.
  new RegExp(`^${ISO_TIME} (?:(?:stdout|stderr) [FP] )?()`),
  // docker compose logs.
  /^[\w.-]{1,128} +\| ()/,
];
const MAX_WRAPPERS = 3;

/** What stands inside a wrapper; undefined where there is none. */
function unwrapped(line: string): Wrapped | undefined {
  if (line.startsWith('{')) {
    const object = jsonObject(line);
    const message = object instanceof LineRefusal ? undefined : messageIn(object);
    return message === undefined ? undefined : { line: message };
  }
  for (const prefix of PREFIXES) {
    const match = prefix.exec(line);
    if (match !== null) return { line: line.slice(match[0].length), server: match[1] || undefined };
  }
  return undefined;
}

/** Reads lines as they are or, where they are not in the format, what Docker, Kubernetes, syslog or a shipper wrapped. */
export class UnwrappingFormat implements LineFormat {
  readonly #format: LineFormat;

  constructor(format: LineFormat) {
    this.#format = format;
  }

  read(line: string): LineOutcome {
    let fields = this.#format.read(line);
    let wrapped: Wrapped | undefined = { line };
    let server: string | undefined;
    for (let wrappers = 0; fields instanceof LineRefusal && wrappers < MAX_WRAPPERS; wrappers++) {
      wrapped = unwrapped(wrapped.line);
      if (wrapped === undefined) return fields;
      server ??= wrapped.server;
      fields = this.#format.read(wrapped.line);
    }
    if (fields instanceof RequestFields) fields.server ??= server;
    else if (fields instanceof ServiceFields) fields.source ??= server;
    return fields;
  }
}
