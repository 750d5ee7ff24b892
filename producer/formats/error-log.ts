import { unescaped } from './escapes.js';
import { type LineFormat, type LineOutcome, LineRefusal, ServiceFields, shown } from './line-format.js';

const NGINX = /^(\d{4}\/\d{2}\/\d{2} \d{2}:\d{2}:\d{2}) \[([a-z]{4,6})\] (\d+)#(\d+): (?:\*(\d+) )?(.*)$/s;
/** What NGINX puts behind the message where it was about a request. */
const CONTEXT =
  /, (client|server|request|upstream|host|referrer|subrequest|login): ("(?:[^"\\]|\\.)*"|[^",]*)(?=, [a-z]+: |$)/g;
const APACHE =
  /^\[((?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}(?:\.\d{1,6})? \d{4})\] \[(?:([\w-]{0,64}):)?([a-z]\w{2,8})\] (?:\[pid (\d+)(?::tid (\d+))?\] )?(.*)$/s;
const APACHE_CLIENT = /\[(?:remote|client) ([^\]\s]{1,64})\] /;
const APACHE_REFERRER = /, referer: (\S+)$/;
const NGINX_LEVELS = new Set(['debug', 'info', 'notice', 'warn', 'error', 'crit', 'alert', 'emerg']);

/** The error logs of NGINX and Apache httpd: what the server says of itself, and of requests that went wrong. */
export class ErrorLogFormat implements LineFormat {
  read(line: string): LineOutcome {
    return (
      errorLogFields(line) ??
      new LineRefusal('not-in-format', `no line of NGINX's or Apache's error log: ${shown(line)}`)
    );
  }
}

/** Undefined for what is no line of either. */
export function errorLogFields(line: string): ServiceFields | undefined {
  const nginx = NGINX.exec(line);
  if (nginx !== null && NGINX_LEVELS.has(nginx[2] ?? '')) return nginxFields(nginx);
  const apache = APACHE.exec(line);
  return apache === null ? undefined : apacheFields(apache);
}

function nginxFields([, time, level, pid, , connection, text = '']: RegExpExecArray): ServiceFields {
  const fields = new ServiceFields();
  fields.time = time;
  fields.level = level;
  fields.service = 'nginx';
  fields.attributes = { pid: pid ?? '', ...(connection === undefined ? {} : { connection }) };
  // Clients write into the request and the referrer: what is in quotes there is no context of its own.
  const start = text.search(/, client: /);
  fields.message = start < 0 ? text : text.slice(0, start);
  if (start < 0) return fields;
  for (const [, name = '', quoted = ''] of text.slice(start).matchAll(CONTEXT)) {
    const value = unescaped(quoted.replace(/^"|"$/g, ''));
    if (name === 'client') fields.ip = value;
    else if (name === 'request') requested(fields, value);
    else fields.attributes[name] ??= value;
  }
  return fields;
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
  fields.ip = client?.[1];
  const referrer = APACHE_REFERRER.exec(text);
  if (referrer?.[1] !== undefined) attributes['referrer'] = referrer[1];
  fields.message = text.replace(APACHE_CLIENT, '').replace(APACHE_REFERRER, '');
  fields.attributes = attributes;
  return fields;
}
