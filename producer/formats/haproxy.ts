import { takeRequest } from './absolute-request.js';
import { type LineFormat, type LineOutcome, LineRefusal, RequestFields, ServiceFields, shown } from './line-format.js';

/**
 * `10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {a|b} {} "GET / HTTP/1.1"`,
 * and behind it what `httpslog` has. Where the request did not fit, the last quote is missing.
 */
const HTTP =
  /^(\S+):(\d{1,5}) \[([^\]\s]{18,32})\] (\S+) (\S+) (-?\d+)\/(-?\d+)\/(-?\d+)\/(-?\d+)\/(\+?-?\d+) (-?\d{1,3}) \+?(\d+) \S+ \S+ \S{4} \d+\/\d+\/\d+\/\d+\/\+?\d+ \d+\/\d+((?: \{[^}]*\}){0,2}) "(.*)$/;
/** `10.0.1.2:33313 [06/Feb/2009:12:12:51.443] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0` */
const TCP =
  /^(\S+):\d{1,5} \[([^\]\s]{18,32})\] (\S+) (\S+) -?\d+\/-?\d+\/(\+?-?\d+) \+?(\d+) (\S{2}) \d+\/\d+\/\d+\/\d+\/\+?\d+ \d+\/\d+/;
/** `0/0000000000000000/0/0/0 shop.example/TLSv1.3/TLS_AES_256_GCM_SHA384` */
const SECURED = / \d+\/[\dA-Fa-f]+\/\d+\/\d+\/\d+ ([^\s/]+)\/([^\s/]+)\/\S+$/;
/** `"" "" 57010 728 "clf" "app" "app1" 0 0 0 334 334 ---- …`, behind the size of a combined line. */
const CLF_REST = / \d{1,5} \d{3} "([^"]*)" "[^"]*" "[^"]*" -?\d+ -?\d+ -?\d+ (-?\d+) \+?(-?\d+) \S{4} /;

/** What HAProxy writes of requests with `option httplog` and `httpslog`, and of connections with `option tcplog`. */
export class HaproxyFormat implements LineFormat {
  read(line: string): LineOutcome {
    const parts = HTTP.exec(line);
    if (parts === null) {
      return connection(line) ?? new LineRefusal('not-in-format', `no request of HAProxy: ${shown(line)}`);
    }
    const [, client, , time, frontend, , , , , answered, total, status, bytes, , rest = ''] = parts;
    const fields = new RequestFields();
    fields.client = client;
    fields.time = time;
    // Behind `~` where it came over TLS.
    fields.server = frontend?.replace(/~$/, '');
    // -1 where there was no answer.
    if (!status?.startsWith('-')) fields.status = status;
    fields.bytes = bytes;
    fields.upstreamTime = seconds(answered);
    fields.requestTime = seconds(total);
    const close = rest.lastIndexOf('"');
    const request = close < 0 ? rest : rest.slice(0, close);
    takeRequest(fields, request === '<BADREQ>' ? '' : request.replace(/#([\dA-F]{2})/g, character));
    const [, name, tls] = SECURED.exec(close < 0 ? '' : rest.slice(close + 1)) ?? [];
    if (name !== undefined && name !== '-') fields.host ??= name;
    fields.tls = tls;
    return fields;
  }
}

function connection(line: string): ServiceFields | undefined {
  const [, client, time, frontend, backend, total, bytes, state] = TCP.exec(line) ?? [];
  if (client === undefined) return undefined;
  const fields = new ServiceFields();
  fields.time = time;
  fields.service = 'haproxy';
  // Any other state says who broke the connection off, or what ran out.
  fields.level = state === '--' ? 'info' : 'warning';
  fields.message = line;
  fields.ip = client;
  fields.bytes = bytes;
  const lasted = seconds(total);
  if (lasted !== undefined) fields.responseTime = lasted * 1000;
  fields.attributes = { frontend, backend, termination_state: state };
  return fields;
}

/** What `option httplog clf` has behind a combined line. */
export function takeClfRest(fields: RequestFields, line: string, from: number): void {
  const [, frontend, answered, total] = CLF_REST.exec(line.slice(from)) ?? [];
  if (frontend === undefined) return;
  fields.server ??= frontend;
  fields.upstreamTime = seconds(answered);
  fields.requestTime = seconds(total);
}

/** What is no printable character, a quote and the like are written so. */
function character(_: string, code: string): string {
  return String.fromCharCode(Number.parseInt(code, 16));
}

/** Of milliseconds; a plus means that it was not over yet. */
function seconds(milliseconds: string | undefined): number | undefined {
  const number = Number(milliseconds);
  return milliseconds === undefined || milliseconds.startsWith('+') || !(number >= 0) ? undefined : number / 1000;
}
