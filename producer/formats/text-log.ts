import { levelOf } from './levels.js';
import { Continuation, type LineFormat, type LineOutcome, LineRefusal, ServiceFields, shown } from './line-format.js';

const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const CLOCK = '\\d{2}:\\d{2}:\\d{2}(?:[.,]\\d{1,9})?';
const ZONE = '(?: ?(?:Z|UTC|GMT|[+-]\\d{2}:?\\d{2})(?![\\w:]))?';
/** How a line begins, with the time in the first group: in brackets or not, after a level or not. */
const BEGINS = new RegExp(
  '^(?:\\ufeff)?(?:\\[?(?<before>[A-Z]{4,8})\\]?:? +)?\\[?(?<time>' +
    [
      `\\d{4}[-/]\\d{2}[-/]\\d{2}[T ]${CLOCK}${ZONE}`,
      `\\d{1,2}[ -]${MONTH}[ -]\\d{4} ${CLOCK}${ZONE}`,
      `(?:[A-Z][a-z]{2} )?${MONTH} [ \\d]\\d (?:\\d{4} )?${CLOCK}(?: \\d{4})?`,
      CLOCK,
    ].join('|') +
    ')\\]?(?=$|[\\s:|-])',
);
/** Kubernetes' own components: `E0307 11:05:01.123456       1 file.go:12] …`. */
const KLOG = /^([IWEF])(\d{4} \d{2}:\d{2}:\d{2}\.\d{1,6}) +\d+ ([\w.-]+:\d+)\] (.*)$/;
/** `2026-11-29T09:17:50.812Z  INFO 4242 --- [shop] [           main] shop.Orders   : …`. */
const SPRING =
  /^ *(?<level>[A-Z]{4,5}) \d+ --- (?:\[ *(?<app>[^\]]{0,128})\] )?\[ *(?<thread>[^\]]{0,256})\] (?<logger>\S{1,256}) *: (?<message>.*)$/;
const LOUD =
  'TRACE|DEBUG|INFO|INFORMATION|NOTICE|WARN|WARNING|ERROR|SEVERE|CRIT|CRITICAL|FATAL|PANIC|DPANIC|ALERT|EMERG|FINE|FINER|' +
  'FINEST|CONFIG|VERBOSE|TRC|DBG|INF|WRN|ERR|FTL|PNC|VRB';
/** In small letters they may be words of a message, unless something stands around them. */
const SMALL =
  '(?:[Tt]race|[Dd]ebug|[Ii]nfo|[Nn]otice|[Ww]arn(?:ing)?|[Ee]rror|[Cc]ritical|[Ff]atal|[Vv]erbose|[Ss]illy|http)';
/** What may stand between the time and the level: threads, processes, names of loggers. */
const BETWEEN = '(?:[\\s|,:-]*(?:\\[[^\\]]{0,256}\\]|\\([^)]{0,128}\\)|[\\w.$/@-]{1,128}(?=[\\s|])))';
const LEVEL = new RegExp(
  `^(?<header>${BETWEEN}{0,3}?[\\s|,:-]*)(?:[[(<]?(?<loud>${LOUD})[\\])>]?(?=$|[\\s:|,-])|[[(<](?<quoted>${SMALL})[\\])>]|(?<small>${SMALL})(?=[:|\\t]))`,
);
const LOGGER = /^(?<logger>[\w.$/@[\]-]{1,256}) +(?:--?|:) +(?<message>.*)$|^(?<named>[\w.$/-]{1,128}): (?<rest>.*)$/s;
const PYTHON = /^(?<logger>[\w.]{1,256}):(?<line>\d{1,7}) - (?<message>.*)$/s;
/** Lines that are more of the one before whatever they stand in: stack traces of Java, Python, Node and Go. */
const TRACE =
  /^(?:\s+\S|Caused by: |Suppressed: |Traceback \(|During handling of |The above exception |goroutine \d+ \[|created by |\.\.\. \d+ (?:more|common)|[\w.$]{1,256}(?:Error|Exception|Warning|Interrupt|Exit|Throwable)(?::|$)|panic: |fatal error: |\[signal |exit status |main\.|runtime\.|[\w./-]{1,256}\.[\w.()*]{1,128}\(.*\)$)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
const COLOURS = /\u001b\[[\d;]*m/g;
const REQUEST = /\b(?:GET|POST|HEAD|PUT|DELETE|OPTIONS|PATCH) \S+ HTTP\/\d|"(?:GET|POST|HEAD|PUT|DELETE) /;
const LONGEST_HEADER = 600;

/** Lines that begin a failure of their own, where the one before is of something else. */
const FAILURE = /^(?:panic: |fatal error: |Traceback \(|[\w.$]{1,256}(?:Error|Exception)(?::|$))/;

export function beginsFailure(line: string): boolean {
  return FAILURE.test(line);
}

/** Whether a line reads as a part of a stack trace. */
export function isTrace(line: string): boolean {
  return TRACE.test(line.slice(0, LONGEST_HEADER));
}

/**
 * Service logs as text: a time, a level as a rule, a message. So write logback, log4j and Spring Boot, Python's logging,
 * winston, zap's console, Go's log, Tomcat, klog and their like, whatever stands between. Lines that do not begin with a
 * time are more of the message before.
 */
export class TextLogFormat implements LineFormat {
  #isOpen = false;

  forText(): LineFormat {
    return new TextLogFormat();
  }

  read(line: string): LineOutcome {
    const fields = textFields(line);
    if (fields !== undefined) {
      this.#isOpen = true;
      return fields;
    }
    if (this.#isOpen || isTrace(line)) return new Continuation(line);
    return new LineRefusal('not-in-format', `the line does not begin with a time: ${shown(line)}`);
  }
}

/** What a line of text says that begins with a time; undefined for others. */
export function textFields(line: string): ServiceFields | undefined {
  const plain = line.includes('\u001b') ? line.replace(COLOURS, '') : line;
  const klog = KLOG.exec(plain);
  if (klog !== null) return klogFields(klog);
  const begins = BEGINS.exec(plain);
  if (begins?.groups === undefined) return undefined;
  const { before, time = '' } = begins.groups;
  if (before !== undefined && levelOf(before) === undefined) return undefined;
  const fields = new ServiceFields();
  fields.time = time;
  fields.level = before;
  readRest(fields, plain.slice(begins[0].length));
  // An access log in a format of somebody's own is to be told as that, and not to be read as whatever it is.
  return fields.level === undefined && REQUEST.test(plain) ? undefined : fields;
}

function klogFields([, letter = '', time = '', place = '', message = '']: RegExpExecArray): ServiceFields {
  const fields = new ServiceFields();
  fields.level = letter === 'F' ? 'fatal' : letter.toLowerCase();
  fields.time = `${time.slice(0, 2)}-${time.slice(2)}`;
  fields.message = message;
  fields.attributes = { logger: place };
  return fields;
}

function readRest(fields: ServiceFields, rest: string): void {
  const spring = SPRING.exec(rest)?.groups;
  if (spring !== undefined) {
    fields.level = spring['level'];
    fields.service = spring['app'];
    fields.message = spring['message'];
    named(fields, spring['logger']);
    return;
  }
  let message = rest;
  if (fields.level === undefined) {
    const found = LEVEL.exec(rest.slice(0, LONGEST_HEADER));
    const level = found?.groups?.['loud'] ?? found?.groups?.['quoted'] ?? found?.groups?.['small'];
    if (found !== null && level !== undefined) {
      fields.level = level;
      const header = found.groups?.['header']?.replace(/^[\s|,:-]+|[\s|,:-]+$/g, '') ?? '';
      if (/^[\w.$/@-]+$/.test(header)) named(fields, header);
      message = rest.slice(found[0].length);
    }
  }
  message = message.replace(/^(?:\s*[\]:|,-]+(?=\s|$)|\s)+/, '');
  const [name, caller, ...others] = message.split('\t');
  // zap's console: level, logger, caller and message have tabs between them.
  if (others.length > 0 && name !== undefined && caller !== undefined && /:\d+$/.test(caller)) {
    named(fields, name);
    fields.message = others.join(' ');
    return;
  }
  if (caller !== undefined && name !== undefined && /^[\w./-]+:\d+$/.test(name)) {
    fields.message = [caller, ...others].join(' ');
    return;
  }
  const logger = (PYTHON.exec(message) ?? LOGGER.exec(message))?.groups;
  if (fields.level !== undefined && logger !== undefined && (logger['logger'] ?? '').length > 0) {
    named(fields, logger['logger']);
    message = logger['message'] ?? '';
  }
  fields.message = message;
}

function named(fields: ServiceFields, logger: string | undefined): void {
  if (logger === undefined || logger === '' || logger === '-') return;
  fields.attributes ??= {};
  fields.attributes['logger'] = logger;
}
