import { inEnglish } from '../month-names.js';
import { ZONE_TEXT } from '../time-zone.js';
import { levelOf, withoutColours } from './levels.js';
import {
  Continuation,
  type LineFormat,
  type LineOutcome,
  LineRefusal,
  NO_RECORD,
  type RequestFields,
  ServiceFields,
  shown,
  UNFINISHED,
} from './line-format.js';
import { takePostgres } from './postgres-text.js';
import { queryMs } from './query-duration.js';
import { RailsRequests } from './rails.js';
import { requestIn } from './request-messages.js';
import { dialectFields } from './text-dialects.js';
import { CLOCK, MONTH } from './time-patterns.js';
import { TRANSLATED_LEVEL } from './translated-levels.js';

const TWELVE = '\\d{1,2}:\\d{2}:\\d{2}(?:[.,]\\d{1,9})? ?[AP]M';
const ZONE = `(?: ?${ZONE_TEXT}(?!\\w|:\\d))?`;
/** How a line begins, with the time in the first group: in brackets or not, after a level or not. */
const BEGINS = new RegExp(
  '^(?:\\ufeff)?(?:\\[?(?<before>[A-Z]{4,8})\\]?:? +)?[[<(]?(?<time>' +
    [
      `\\d{4}(?<iso>[-/.])\\d{2}\\k<iso>\\d{2}(?: ${TWELVE}|[T ]${CLOCK}|  \\d:\\d{2}:\\d{2}|T\\d{2}:\\d{2}(?=Z|[+-]))${ZONE}`,
      `\\d{1,2}(?<named>[ /-])${MONTH}\\k<named>\\d{4}[ :]${CLOCK}${ZONE}`,
      `(?:[A-Z][a-z]{2} )?${MONTH} [ \\d]\\d (?:\\d{4} )?${CLOCK}(?: \\d{4})?`,
      `[A-Z][a-z]{2}, \\d{2} ${MONTH} \\d{4} ${CLOCK}${ZONE}`,
      `(?:${MONTH} \\d{1,2}, |\\d{1,2}/\\d{1,2}/)\\d{4},? ${TWELVE}${ZONE}`,
      `\\d{1,2}(?<numeric>[./-])\\d{1,2}\\k<numeric>\\d{4},? ${CLOCK}${ZONE}`,
      `\\d{2}/\\d{2}/\\d{2} ${CLOCK}`,
      `\\d{6} [ \\d]\\d:\\d{2}:\\d{2}`,
      `\\d{8}(?: ${CLOCK}|T\\d{6}(?:[.,]\\d{1,9})?)${ZONE}`,
      CLOCK,
    ].join('|') +
    ')[\\])>]?,?(?=$|[\\s:|[-])',
);
/** Seconds, or thousandths and so on of them, since 1970: any number could be that, so a level has to follow. */
const EPOCH = /^\[?(?<time>1\d{9}(?:\.\d{1,9})?|1\d{12}|1\d{15}|1\d{18})\]?(?=[\s:|])/;
/** java.util.logging writes a line of its own for the time and the method: the level and the message are in the next. */
const JUL_FIRST = new RegExp(
  `^(?<time>${MONTH} \\d{1,2}, \\d{4} ${TWELVE}) (?<logger>[\\w.$]{1,256}) [\\w$<>]{1,128}$`,
);
const LETTER_FIRST = /^\p{L}/u;
const JUL_SECOND = /^(?<level>\p{Lu}[\p{L} ]{1,24}?) ?: (?<message>.*)$/su;
/** `PHP Fatal error:  Uncaught …`. */
const PHP =
  /^ *PHP (?:(?:Core|Compile|User|Recoverable|Catchable) )?(?<kind>fatal error|parse error|error|warning|notice|deprecated|strict standards): +(?<message>.*)$/is;
const PHP_LEVELS: Readonly<Record<string, string>> = {
  ...{ 'fatal error': 'fatal', 'parse error': 'error', warning: 'warning' },
  ...{ notice: 'notice', deprecated: 'notice', 'strict standards': 'notice' },
};
/** `2026-11-29T09:17:50.812Z  INFO 4242 --- [shop] [           main] shop.Orders   : …`. */
const SPRING =
  /^ *(?<level>[A-Z]{4,5}) \d+ --- (?:\[ *(?<app>[^\]]{0,128})\] )?\[ *(?<thread>[^\]]{0,256})\] (?<logger>\S{1,256}) *: (?<message>.*)$/;
const LOUD =
  'TRACE|DEBUG|INFO|INFORMATION|NOTICE|WARN|WARNING|ERROR|SEVERE|CRIT|CRITICAL|FATAL|PANIC|DPANIC|ALERT|EMERG|FINE|FINER|' +
  'FINEST|CONFIG|VERBOSE|SUCCESS|WARNI|CRITI|TRC|DBG|INF|WRN|ERR|FTL|PNC|VRB';
/** In small letters they may be words of a message, unless something stands around them. */
const SMALL =
  '(?:[Tt]race|[Dd]ebug|[Ii]nfo|[Nn]ot(?:e|ice)|[Ww]arn(?:ing)?|[Ee]rror|[Cc]ritical|[Ff]atal|[Vv]erbose|[Ss]illy|noti|erro|debu|http)';
/** What may stand between the time and the level: threads, processes, names of loggers. */
const BETWEEN = '(?:[\\s|,:-]*(?:\\[[^\\]]{0,256}\\]|\\([^)]{0,128}\\)|[\\w.$/@-]{1,128}(?=[\\s|])))';
/** `pid=42 tid=abc class=PayJob`, of Sidekiq and Elixir. */
const PAIRS = '(?: +[\\w.]{1,32}=[^\\s=]{1,128}(?= )){0,8}';
const LEVEL = new RegExp(
  `^(?<header>${PAIRS}${BETWEEN}{0,3}?[\\s|,:-]*)(?:[\\w-]{1,64}\\.(?<channelled>${LOUD}): |(?<postgres>LOG|STATEMENT|DETAIL|HINT|CONTEXT|QUERY|LOCATION): |[[(<]?(?<loud>${LOUD}) *[\\])>]?(?=$|[\\s:|,[-])|[[(<](?<quoted>${SMALL})[\\])>]|(?<small>${SMALL})(?=[:|\\t]))`,
);
/** log4j's `[main] org.example.shop.Cart: boom`, behind the level. */
const THREAD_AND_CLASS =
  /^\[(?<thread>[^\]]{1,128})\] +(?<logger>[a-z]\w{0,64}(?:\.\w{1,64}){1,16}(?:\$\w{1,64})*)(?: *:| +-) +(?<message>.*)$/s;
const LOGGER = /^(?<logger>[\w.$/@[\]-]{1,256}) +(?:--?|:) +(?<message>.*)$|^(?<named>[\w.$/-]{1,128}): (?<rest>.*)$/s;
const PYTHON = /^(?<logger>[\w.]{1,256}):(?<line>\d{1,7}) - (?<message>.*)$/s;
/** Lines that are more of the one before whatever they stand in: stack traces of Java, Python, Node and Go. */
const TRACE =
  /^(?:\s+\S|Caused by: |Suppressed: |Traceback \(|During handling of |The above exception |goroutine \d+ \[|created by |\.\.\. \d+ (?:more|common)|[\w.$]{1,256}(?:Error|Exception|Warning|Interrupt|Exit|Throwable)(?::|$)|panic: |fatal error: |\[signal |exit status |main\.|runtime\.|[\w./-]{1,256}\.[\w.()*]{1,128}\(.*\)$)/;
const REQUEST = /\b(?:GET|POST|HEAD|PUT|DELETE|OPTIONS|PATCH) \S+ HTTP\/\d|"(?:GET|POST|HEAD|PUT|DELETE) /;
/** What programs write around their lines: logcat, glog and the journal. */
const HEADING =
  /^(?:-{9} (?:beginning of|switch to) \S|Log file created at: |Running on machine: |Binary: Built |Running duration |Log line format: |(?:START|END) RequestId: [\da-f-]{36}(?: Version: \S+)?\s*$|-- (?:Boot [\da-f]+|Journal begins at .*|Logs begin at .*|No entries|Reboot) ?(?:--|\.)$)/;
const LONGEST_HEADER = 600;

/** Lines that begin a failure of their own, where the one before is of something else. */
const FAILURE = /^(?:panic: |fatal error: |Traceback \(|[\w.$]{1,256}(?:Error|Exception)(?::|$))/;

export function beginsFailure(line: string): boolean {
  return FAILURE.test(line);
}

/** sudo has blanks before who calls it. */
const SUDO = /^ +\S{1,64} : (?:[\w ]{1,64} ; )?\w{1,16}=/;

/** Whether a line reads as a part of a stack trace. */
export function isTrace(line: string): boolean {
  return !SUDO.test(line) && TRACE.test(line.slice(0, LONGEST_HEADER));
}

/**
 * Service logs as text: a time, a level as a rule, a message. So write logback, log4j and Spring Boot, Python's logging,
 * winston, zap's console, Go's log, Tomcat, klog and their like, whatever stands between. Lines that do not begin with a
 * time are more of the message before.
 */
export class TextLogFormat implements LineFormat {
  #isOpen = false;
  readonly #rails = new RailsRequests();
  /** The first of two lines that a record has. */
  #first: { readonly fields: ServiceFields; readonly line: string } | undefined;

  forText(): LineFormat {
    return new TextLogFormat();
  }

  read(line: string): LineOutcome {
    if (HEADING.test(line)) return NO_RECORD;
    if (this.#takesFirst(line)) return UNFINISHED;
    const read = this.#secondOf(line) ?? textFields(line);
    const fields = read instanceof ServiceFields ? this.#rails.read(line, read) : read;
    if (fields !== undefined) {
      this.#isOpen = fields instanceof ServiceFields;
      return fields;
    }
    if (this.#isOpen || isTrace(line)) return new Continuation(line);
    return new LineRefusal('not-in-format', `the line does not begin with a time: ${shown(line)}`);
  }

  #takesFirst(line: string): boolean {
    const { logger, time } = JUL_FIRST.exec(LETTER_FIRST.test(line) ? (inEnglish(line) ?? line) : line)?.groups ?? {};
    if (time === undefined) return false;
    const fields = new ServiceFields();
    fields.time = time;
    named(fields, logger);
    this.#first = { fields, line };
    return true;
  }

  #secondOf(line: string): ServiceFields | undefined {
    const first = this.#first;
    this.#first = undefined;
    if (first === undefined) return undefined;
    const { level, message } = JUL_SECOND.exec(line)?.groups ?? {};
    const isLevel = levelOf(level) !== undefined;
    first.fields.level = isLevel ? level : undefined;
    first.fields.message = (isLevel ? message : undefined) ?? `${first.line}\n${line}`;
    return first.fields;
  }
}

/** What a line of text says that begins with a time; undefined for others. */
export function textFields(line: string): RequestFields | ServiceFields | undefined {
  const plain = withoutColours(line);
  const known = dialectFields(plain);
  if (known !== undefined) return requestIn(known);
  const begins = BEGINS.exec(plain);
  if (begins?.groups === undefined) {
    const english = inEnglish(plain);
    return english === undefined || english === plain ? sinceEpoch(plain) : textFields(english);
  }
  const { before, time = '' } = begins.groups;
  if (before !== undefined && levelOf(before) === undefined) return undefined;
  const fields = new ServiceFields();
  fields.time = time;
  fields.level = before;
  const rest = plain.slice(begins[0].length);
  const outcome = readRest(fields, begins[0].startsWith('[') && !begins[0].endsWith(']') ? unbracketed(rest) : rest);
  if (outcome !== fields || fields.status !== undefined) return outcome;
  // An access log in a format of somebody's own is to be told as that, and not to be read as whatever it is.
  return fields.level === undefined && REQUEST.test(plain) ? undefined : fields;
}

/** Rust's env_logger has the level and the logger in the brackets of the time, too. */
function unbracketed(rest: string): string {
  return rest.replace(/^( +[A-Z]{4,5} +[\w:.-]{1,256})\] /, '$1: ').replace(/^( +[A-Z]{4,5})\] /, '$1 ');
}

function sinceEpoch(line: string): RequestFields | ServiceFields | undefined {
  const begins = EPOCH.exec(line);
  if (begins === null) return undefined;
  const fields = new ServiceFields();
  fields.time = begins.groups?.['time'];
  const outcome = readRest(fields, line.slice(begins[0].length));
  return fields.level === undefined ? undefined : outcome;
}

function readRest(fields: ServiceFields, rest: string): RequestFields | ServiceFields {
  const spring = SPRING.exec(rest)?.groups;
  if (spring !== undefined) {
    fields.level = spring['level'];
    fields.service = spring['app'];
    fields.message = spring['message'];
    named(fields, spring['logger']);
    return fields;
  }
  const php = PHP.exec(rest)?.groups;
  if (php !== undefined) {
    fields.level = PHP_LEVELS[(php['kind'] ?? '').toLowerCase()] ?? 'error';
    fields.message = php['message'];
    named(fields, 'PHP');
    return fields;
  }
  let message = rest;
  if (fields.level === undefined) {
    if (takePostgres(fields, rest)) return fields;
    const found = LEVEL.exec(rest.slice(0, LONGEST_HEADER));
    const { channelled, loud, postgres, quoted, small } = found?.groups ?? {};
    const level = channelled ?? (postgres === undefined ? undefined : 'info') ?? loud ?? quoted ?? small;
    if (found !== null && level !== undefined) {
      fields.level = level;
      const header = found.groups?.['header']?.replace(/^[\s|,:-]+|[\s|,:-]+$/g, '') ?? '';
      paired(fields, header);
      if (/^(?!\d+$)[\w.$/@-]+$/.test(header)) named(fields, header);
      message = rest.slice(found[0].length);
      if (postgres !== undefined) fields.responseTime = queryMs(message.trimStart());
    } else {
      const translated = TRANSLATED_LEVEL.exec(rest.slice(0, LONGEST_HEADER));
      fields.level = translated?.groups?.['level'];
      message = rest.slice(translated?.[0].length ?? 0);
    }
  }
  message = message.replace(/^(?:\s*[\]:|,-]+(?=\s|$)|\s)+/, '');
  const [name, caller, ...others] = message.split('\t');
  // zap's console: level, logger, caller and message have tabs between them.
  if (others.length > 0 && name !== undefined && caller !== undefined && /:\d+$/.test(caller)) {
    named(fields, name);
    fields.message = others.join(' ');
    return fields;
  }
  if (caller !== undefined && name !== undefined && /^[\w./-]+:\d+$/.test(name)) {
    fields.message = [caller, ...others].join(' ');
    return fields;
  }
  fields.message = message;
  const request = requestIn(fields);
  if (request !== fields || fields.status !== undefined) return request;
  const logger = (THREAD_AND_CLASS.exec(message) ?? PYTHON.exec(message) ?? LOGGER.exec(message))?.groups;
  if (fields.level !== undefined && logger !== undefined && (logger['logger'] ?? '').length > 0) {
    named(fields, logger['logger']);
    message = logger['message'] ?? '';
  }
  fields.message = message;
  return fields;
}

/** What stands in pairs before the level. */
function paired(fields: ServiceFields, header: string): void {
  if (!header.includes('=')) return;
  for (const [, name = '', value] of header.matchAll(/(?:^| )([\w.]{1,32})=(\S+)/g)) {
    fields.attributes ??= {};
    fields.attributes[name] = value;
  }
}

function named(fields: ServiceFields, logger: string | undefined): void {
  if (logger === undefined || logger === '' || logger === '-') return;
  fields.attributes ??= {};
  fields.attributes['logger'] = logger;
}
