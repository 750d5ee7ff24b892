import { ProducerError } from '../producer-error.js';
import { jsonUnescaped, unescaped } from './escapes.js';
import { ambiguities } from './format-ambiguity.js';
import { type FormatText, type FormatVariable, readFormatText } from './format-text.js';
import { type LineFormat, LineRefusal, type RequestField, RequestFields, says, shown } from './line-format.js';
import { LineMatcher, type Reached, type Slot } from './line-matcher.js';
import {
  ANY_TEXT,
  DETAIL_VARIABLES,
  FIELD_VARIABLES,
  type Grammar,
  type Origin,
  PATH_VARIABLES,
  variableOf,
  WORDS,
  withinQuotes,
} from './log-format-variables.js';

const MAX_VARIABLES = 200;

export interface LogFormatOptions {
  /** The variable that says for whom a proxy asks. */
  readonly forwarded: string;
  /** What else may be chosen, for messages. */
  readonly names: readonly string[];
  /** Whether what no result is made of is wanted, too. */
  readonly keepsDetails: boolean;
}

/**
 * The format that an NGINX `log_format` says, bare or as it stands in nginx.conf.
 *
 * @throws ProducerError LOG_FORMAT when it cannot give a client or a host, and a time, or it cannot be told where one of
 * them ends
 */
export function compileLogFormat(
  format: string,
  options: LogFormatOptions,
): { readonly format: LineFormat; readonly warnings: readonly string[] } {
  const text = readFormatText(format);
  const uses = usesOf(text.variables, { ...FIELD_VARIABLES, forwarded: forwardedNames(options.forwarded) });
  const details = options.keepsDetails ? usesOf(text.variables, DETAIL_VARIABLES) : [];
  const found = new Set(uses.map(({ field }) => field));
  if (!(found.has('client') || found.has('forwarded') || found.has('host')) || !found.has('time')) {
    throw new ProducerError(
      'LOG_FORMAT',
      `the log format must be ${options.names.join(', ')}, or have $remote_addr or $host, and one of $time_local, ` +
        `$time_iso8601 and $msec; it is: ${format}`,
    );
  }
  if (text.variables.length > MAX_VARIABLES) {
    throw new ProducerError('LOG_FORMAT', `the log format has more than ${MAX_VARIABLES} variables`);
  }
  const used = new Set(uses.map(({ slot }) => slot));
  const { refused, warnings } = ambiguities(text, used);
  if (refused !== undefined) throw new ProducerError('LOG_FORMAT', refused);
  return { format: new LogFormat(text, uses, details), warnings };
}

/** Which variable gives which field. */
interface Use {
  readonly field: RequestField;
  readonly slot: number;
}

function usesOf(
  variables: readonly FormatVariable[],
  fields: Readonly<Partial<Record<RequestField, readonly string[]>>>,
): Use[] {
  const uses: Use[] = [];
  for (const [field, names] of Object.entries(fields)) {
    for (const name of names) {
      const slot = variables.findIndex((variable) => variable.name === name);
      if (slot >= 0) uses.push({ field: field as RequestField, slot });
    }
  }
  return uses;
}

/** What NGINX passes on holds what it was sent. */
function forwardedNames(forwarded: string): readonly string[] {
  return forwarded === 'http_x_forwarded_for' ? [forwarded, 'proxy_add_x_forwarded_for'] : [forwarded];
}

/** How a variable is looked for: as it should be, as any text, or as any text with quotes that nobody escaped. */
type Freedom = 0 | 1 | 2;

const STRICT = 0;
const MAX_STEPS = 8;
const MAX_MATCHERS = 64;

interface Matchers {
  readonly shortest: LineMatcher;
  /** Undefined where there is one way only. */
  readonly longest: LineMatcher | undefined;
}

/**
 * A line is read with each variable as it should be. Where that does not fit, those of clients at which it stopped may be
 * any text, one after the other; then those of servers; then all.
 */
class LogFormat implements LineFormat {
  readonly #text: FormatText;
  readonly #uses: readonly Use[];
  readonly #details: readonly Use[];
  /** Of the variable that says what was asked for; -1 where there is none. */
  readonly #pathSlot: number;
  readonly #strict: readonly Freedom[];
  readonly #strictly: Matchers;
  /** By how free each variable is. */
  readonly #matchers = new Map<string, Matchers>();

  constructor(text: FormatText, uses: readonly Use[], details: readonly Use[]) {
    this.#text = text;
    this.#uses = uses;
    this.#details = details;
    this.#pathSlot = text.variables.findIndex(({ name }) => PATH_VARIABLES.includes(name));
    this.#strict = text.variables.map(() => STRICT);
    this.#strictly = this.#matchersFor(this.#strict);
  }

  read(line: string): RequestFields | LineRefusal {
    const { start } = this.#text;
    if (!line.startsWith(start)) return new LineRefusal('not-in-format', this.#differs(line));
    if (this.#strictly.shortest.match(line, start.length)) return this.#fields(line, this.#strictly);
    const { reached } = this.#strictly.shortest;
    const matched =
      this.#freeing(line, reached, (origin) => origin === 'client') ??
      this.#freeing(line, reached, (origin) => origin === 'server') ??
      this.#freeing(line, reached, () => true);
    return matched === undefined
      ? new LineRefusal('not-in-format', this.#misfit(line, reached))
      : this.#fields(line, matched);
  }

  /** Frees the nearest variable before the place that was got to, until the line fits. */
  #freeing(line: string, from: Reached, mayFree: (origin: Origin) => boolean): Matchers | undefined {
    const freedoms = [...this.#strict];
    let reached = from;
    for (let step = 0; step < MAX_STEPS; step++) {
      let slot = Math.min(reached.slot, freedoms.length - 1);
      while (slot >= 0 && !(mayFree(this.#origin(slot)) && (freedoms[slot] ?? 2) < this.#mostFree(slot))) slot--;
      if (slot < 0) return undefined;
      freedoms[slot] = freedoms[slot] === STRICT ? 1 : 2;
      const matched = this.#tried(line, freedoms);
      if (matched !== undefined) return matched;
      reached = this.#matchersFor(freedoms).shortest.reached;
    }
    return undefined;
  }

  #tried(line: string, freedoms: readonly Freedom[]): Matchers | undefined {
    const matchers = this.#matchersFor(freedoms);
    return matchers.shortest.match(line, this.#text.start.length) ? matchers : undefined;
  }

  #origin(slot: number): Origin {
    return variableOf(this.#text.variables[slot]?.name ?? '').origin;
  }

  /** Quotes that stand behind the last variable are its end, unless nobody escapes any: else no line were too long. */
  #mostFree(slot: number): Freedom {
    const { escaping, variables } = this.#text;
    return variables[slot]?.quoted === true && (escaping === 'none' || slot < variables.length - 1) ? 2 : 1;
  }

  #matchersFor(freedoms: readonly Freedom[]): Matchers {
    const key = freedoms.join('');
    let matchers = this.#matchers.get(key);
    if (matchers === undefined) {
      const slots = freedoms.map((freedom, index) => slotOf(this.#text, index, freedom));
      const isSingle = slots.every(({ grammar, single }) => single || grammar.kind === 'fixed');
      matchers = {
        shortest: new LineMatcher(slots),
        longest: isSingle ? undefined : new LineMatcher(slots, { longestFirst: true }),
      };
      if (this.#matchers.size >= MAX_MATCHERS) this.#matchers.clear();
      this.#matchers.set(key, matchers);
    }
    return matchers;
  }

  #fields(line: string, { longest, shortest }: Matchers): RequestFields {
    longest?.match(line, this.#text.start.length);
    const fields = new RequestFields();
    for (const { field, slot } of this.#uses) {
      if (fields[field] !== undefined || fields.ambiguous?.includes(field) === true) continue;
      const text = textAt(line, shortest, slot);
      if (longest !== undefined) {
        const other = textAt(line, longest, slot);
        if (other !== text && (says(other) || says(text))) {
          fields.ambiguous = [...(fields.ambiguous ?? []), field];
          continue;
        }
      }
      if (!says(text)) continue;
      fields[field] = this.#value(text, slot);
      if (field === 'host') fields.isHostHeader = this.#text.variables[slot]?.name === 'http_host';
    }
    for (const { field, slot } of this.#details) {
      if (fields[field] !== undefined) continue;
      const text = textAt(line, shortest, slot);
      const isOne = longest === undefined || textAt(line, longest, slot) === text;
      // Behind a path, a query begins with the first question mark.
      if (says(text) && (isOne || this.#text.variables[slot]?.name === 'query_with_mark')) {
        fields[field] = this.#value(text, slot);
      }
    }
    if (this.#pathSlot >= 0) fields.path = textAt(line, shortest, this.#pathSlot);
    return fields;
  }

  #value(text: string, slot: number): string | number {
    const isEscaped = text.includes('\\');
    const value = !isEscaped ? text : this.#text.escaping === 'json' ? jsonUnescaped(text) : unescaped(text);
    switch (this.#text.variables[slot]?.name) {
      case 'upstream_response_time':
        return sumOf(value);
      case 'request_time_ms':
        return Number(value) / 1e3;
      case 'request_time_us':
        return Number(value) / 1e6;
      case 'query_with_mark':
        return value.slice(1);
      default:
        return value;
    }
  }

  #differs(line: string): string {
    const { start } = this.#text;
    let at = 0;
    while (at < line.length && line[at] === start[at]) at++;
    return `column ${at + 1}: the format has ${shown(start.slice(at))}, the line ${rest(line, at)}`;
  }

  #misfit(line: string, { slot, column, behind }: Reached): string {
    const variable = this.#text.variables[slot];
    if (variable === undefined) return `the line goes on after the format's end: ${rest(line, column)}`;
    const name = `$${variable.name}`;
    if (column >= line.length) {
      const next = behind ? `what follows ${name}` : name;
      return `the line ends before ${next} (column ${variable.column} of the format)`;
    }
    const found = rest(line, column);
    if (!behind) return `column ${column + 1}: ${found} does not fit ${name} (column ${variable.column} of the format)`;
    if (variable.literal === '' && slot === this.#text.variables.length - 1) {
      return `the line goes on after the format's end: ${found}`;
    }
    return `column ${column + 1}: behind ${name} the format has ${shown(variable.literal)}, the line ${found}`;
  }
}

function rest(line: string, at: number): string {
  return at >= line.length ? 'ends' : shown(line.slice(at));
}

function textAt(line: string, matcher: LineMatcher, slot: number): string {
  return line.slice(matcher.starts[slot], matcher.ends[slot]);
}

/** NGINX writes one time for each backend that it asked. */
function sumOf(list: string): string | number {
  const times = list.split(/[,:]/).map((time) => time.trim());
  const numbers = times.filter(says).map(Number);
  return times.length === 1 || numbers.some(Number.isNaN) ? list : numbers.reduce((sum, time) => sum + time, 0);
}

function slotOf({ start, variables }: FormatText, index: number, freedom: Freedom): Slot {
  const { literal = '', name = '', quoted = false } = variables[index] ?? {};
  const { origin, strict } = variableOf(name);
  const before = index === 0 ? start : (variables[index - 1]?.literal ?? '');
  const isAlone = quoted && before.endsWith('"') && literal.startsWith('"');
  let grammar = strict;
  if (freedom !== STRICT) grammar = origin === 'client' ? ANY_TEXT : WORDS;
  // Between quotes of its own a client's text is whatever stands there.
  else if (isAlone && origin === 'client') grammar = ANY_TEXT;
  if ((quoted ? freedom !== 2 : freedom !== STRICT) && grammar.kind === 'run') grammar = withinQuotes(grammar);
  const isLast = index === variables.length - 1;
  return { grammar, literal, single: grammar.kind === 'run' && isSingle(grammar, literal, isLast) };
}

/**
 * Whether a run ends in one place only: what follows starts with what it cannot hold, or nothing follows. A list goes on as
 * long as its separators do.
 */
function isSingle({ has }: Extract<Grammar, { kind: 'run' }>, literal: string, isLast: boolean): boolean {
  return literal === '' ? isLast : !has(literal, 0);
}
