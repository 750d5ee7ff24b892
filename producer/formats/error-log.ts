import { unescaped } from './escapes.js';
import { type LineFormat, type LineOutcome, LineRefusal, ServiceFields, shown } from './line-format.js';

const NGINX = /^(\d{4}\/\d{2}\/\d{2} \d{2}:\d{2}:\d{2}) \[([a-z]{4,6})\] (\d+)#(\d+): (?:\*(\d+) )?(.*)$/s;
const CONTEXT_NAMES = 'client|server|request|upstream|host|referrer|subrequest|login';
/** What NGINX puts behind the message where it was about a request. */
const CONTEXT = new RegExp(`, (${CONTEXT_NAMES}): ("(?:[^"\\\\]|\\\\.)*"|[^",]*)(?=, [a-z]+: |$)`, 'g');
/** Where that may begin: with the client's address, and what follows it. */
const CLIENT =
  /, client: ([^\s",]{1,64})(?=$|, server: [^"]*?(?:$|, (?:request|subrequest|upstream|host|referrer): "|, login: |, bytes )|, (?:request|subrequest|upstream|host|referrer): "|, login: |, bytes )/g;
/** NGINX cuts its lines at 2,048 bytes. From 16 before that on the context may have been cut off. */
const NGINX_LINE_BYTES = 2048;
const CUT_FROM_BYTES = NGINX_LINE_BYTES - 16;
/** Says whose connection it was in the message itself. */
const OF_CONNECTION = /^client \S+ closed keepalive connection/;
const APACHE =
  /^\[((?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}(?:\.\d{1,6})? \d{4})\] \[(?:([\w-]{0,64}):)?([a-z]\w{2,8})\] (?:\[pid (\d+)(?::tid (\d+))?\] )?(.*)$/s;
/** Before the message, which clients write into: behind a place in the source, and an error of the system. */
const APACHE_CLIENT =
  /^((?:[\w./-]{1,128}\(\d{1,6}\): )?(?:\(\d{1,8}\)[^[\]]{1,256}: )?)\[(?:remote|client) ([^\]\s]{1,64})\] /;
const APACHE_REFERRER = /, referer: (\S+)$/;
const NGINX_LEVELS = new Set(['debug', 'info', 'notice', 'warn', 'error', 'crit', 'alert', 'emerg']);

/** The error logs of NGINX and Apache httpd: what the server says of itself, and of requests that went wrong. */
export class ErrorLogFormat implements LineFormat {
  /** How many bytes more a record of NGINX's may have whose first line has ended in its message: for that, who asked broke the line. */
  #brokenBytes = 0;

  forText(): ErrorLogFormat {
    return new ErrorLogFormat();
  }

  read(line: string): LineOutcome {
    const fields = errorLogFields(line);
    const isBroken = this.#brokenBytes > 0;
    if (isBroken) this.#pass(line);
    else if (fields !== undefined && isUnfinished(fields)) {
      this.#brokenBytes = NGINX_LINE_BYTES;
      this.#pass(line);
    }
    if (fields === undefined) {
      return new LineRefusal('not-in-format', `no line of NGINX's or Apache's error log: ${shown(line)}`);
    }
    return isBroken ? withoutRequest(fields) : fields;
  }

  /** Whether the line is more of a record whose message has line breaks, and not the beginning of another. */
  goesOn(line: string): boolean {
    if (this.#brokenBytes <= 0 || errorLogFields(line) !== undefined) return false;
    this.#pass(line);
    return true;
  }

  #pass(line: string): void {
    this.#brokenBytes -= Buffer.byteLength(line) + 1;
  }
}

/** Whether a line about a request ends without saying whose it was. */
function isUnfinished({ attributes, ip, level, message, service }: ServiceFields): boolean {
  return (
    service === 'nginx' &&
    ip === undefined &&
    level !== 'debug' &&
    attributes?.['connection'] !== undefined &&
    typeof message === 'string' &&
    !message.includes(', client: ') &&
    !OF_CONNECTION.test(message)
  );
}

/** What a client may have made up is no word of its address. */
function withoutRequest(fields: ServiceFields): ServiceFields {
  fields.ip = undefined;
  fields.method = undefined;
  fields.endpoint = undefined;
  return fields;
}

/** Undefined for what is no line of either. */
export function errorLogFields(line: string): ServiceFields | undefined {
  const nginx = NGINX.exec(line);
  if (nginx !== null && NGINX_LEVELS.has(nginx[2] ?? '')) return nginxFields(nginx);
  const apache = APACHE.exec(line);
  return apache === null ? undefined : apacheFields(apache);
}

function nginxFields([line, time, level, pid, , connection, text = '']: RegExpExecArray): ServiceFields {
  const fields = new ServiceFields();
  fields.time = time;
  fields.level = level;
  fields.service = 'nginx';
  fields.attributes = { pid: pid ?? '', ...(connection === undefined ? {} : { connection }) };
  const client = clientIn(text, Buffer.byteLength(line));
  fields.message = client === undefined ? text : text.slice(0, client.at);
  if (client === undefined) return fields;
  fields.ip = client.address;
  // Of a name the first counts: clients write into the request, the host and the referrer.
  for (const [, name = '', quoted = ''] of text.slice(client.at).matchAll(CONTEXT)) {
    const value = unescaped(quoted.replace(/^"|"$/g, ''));
    if (name === 'request' && fields.endpoint === undefined) requested(fields, value);
    else if (name !== 'client' && name !== 'request') fields.attributes[name] ??= value;
  }
  return fields;
}

/**
 * Where the context of a line begins, and the address there. NGINX writes paths decoded into messages, and requests, hosts
 * and referrers behind them, all as they came: each may hold what looks like a context. Where two addresses could be the
 * client's, or the line is cut off, it is not known.
 */
function clientIn(text: string, lineBytes: number): { readonly at: number; readonly address: string } | undefined {
  if (lineBytes >= CUT_FROM_BYTES) return undefined;
  const [first, ...others] = text.matchAll(CLIENT);
  const address = first?.[1];
  if (first === undefined || address === undefined || others.some((other) => other[1] !== address)) return undefined;
  return { at: first.index, address };
}

function requested(fields: ServiceFields, request: string): void {
  const [method, path] = request.split(' ');
  fields.method = method;
  fields.endpoint = path;
}

function apacheFields([, time, module, level, pid, , text = '']: RegExpExecArray): ServiceFields {
  const fields = new ServiceFields();
  fields.time = time;
  fields.level = level?.replace(/^trace\d$/, 'trace');
  fields.service = 'apache';
  const attributes: Record<string, unknown> = {};
  if (module !== undefined && module !== '') attributes['module'] = module;
  if (pid !== undefined) attributes['pid'] = pid;
  const client = APACHE_CLIENT.exec(text);
  fields.ip = client?.[2];
  const referrer = APACHE_REFERRER.exec(text);
  if (referrer?.[1] !== undefined) attributes['referrer'] = referrer[1];
  fields.message = text.replace(APACHE_CLIENT, '$1').replace(APACHE_REFERRER, '');
  fields.attributes = attributes;
  return fields;
}
