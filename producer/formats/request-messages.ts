import { canonicalAddress } from '../../schemas/canonical/address.js';
import { CombinedFormat } from './combined.js';
import { RequestFields, type ServiceFields } from './line-format.js';

const METHOD = '(?<method>GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT)';
const STATUS = '(?<status>[1-5]\\d\\d)';
const TOOK = '(?<took>\\d[\\d.]*(?:ns|[uµ]s|ms|s)|(?:\\d+[hm])+[\\d.]+s)';
const CLIENT = '(?<client>[\\da-fA-F.:]{3,45}|\\[[\\da-fA-F:.]{3,45}\\])';

/** How frameworks write a request down that they have answered, behind the time and the level. */
const ANSWERED: readonly RegExp[] = [
  // uvicorn: `203.0.113.5:44732 - "GET /cart HTTP/1.1" 200 OK`.
  new RegExp(`^${CLIENT}:\\d{1,5} - "${METHOD} (?<path>\\S*) HTTP/(?<protocol>[\\d.]+)" ${STATUS}\\b`),
  // Gin: `| 200 |    1.36854ms |     203.0.113.5 | GET      "/cart"`.
  new RegExp(`^\\| +${STATUS} \\| +${TOOK} \\| +(?:${CLIENT}|\\S*) \\| *${METHOD} +"(?<path>(?:[^"\\\\]|\\\\.)*)"`),
  // chi: `"GET http://shop.example/cart HTTP/1.1" from 203.0.113.5:4711 - 200 2B in 12.3µs`, behind `[host/id-000001]`.
  new RegExp(
    `^(?:\\[[^\\]]{1,128}\\] )?"${METHOD} (?<path>\\S+) HTTP/(?<protocol>[\\d.]+)" from ${CLIENT}:\\d{1,5} - ${STATUS} (?<bytes>\\d+)B in ${TOOK}$`,
  ),
  // Tornado: `200 GET /cart (203.0.113.5) 1.23ms`.
  new RegExp(`^${STATUS} ${METHOD} (?<path>\\S+) \\(${CLIENT}\\) ${TOOK}$`),
  // PHP's own server: `203.0.113.5:59386 [200]: GET /cart`.
  new RegExp(`^${CLIENT}:\\d{1,5} \\[${STATUS}\\]: ${METHOD} (?<path>\\S+)`),
  // lograge, which makes one line of Rails' of a request: `method=GET path=/cart format=html … status=200 duration=12.31 …`.
  new RegExp(
    `^method=${METHOD} path=(?<path>\\S+) .{0,256}?\\bstatus=${STATUS}\\b(?:.{0,256}? duration=(?<milliseconds>[\\d.]+))?`,
  ),
  // Django: `"GET /cart HTTP/1.1" 200 1202`.
  new RegExp(`^"${METHOD} (?<path>\\S*) HTTP/(?<protocol>[\\d.]+)" ${STATUS} (?<bytes>\\d+)$`),
  // Morgan for developers: `GET /cart 200 3.456 ms - 512`.
  new RegExp(`^${METHOD} (?<path>\\S+) ${STATUS} (?<milliseconds>[\\d.]+) ms - (?:(?<bytes>\\d+)|-)$`),
  // Serilog: `HTTP GET /cart responded 200 in 1.2345 ms`.
  new RegExp(`^HTTP ${METHOD} (?<path>\\S+) responded ${STATUS} in (?<milliseconds>[\\d.]+) ms$`),
  // ASP.NET Core: `Request finished HTTP/1.1 GET http://shop.example/cart - 200 2 text/plain 12.3456ms`.
  new RegExp(
    `^Request finished HTTP/(?<protocol>[\\d.]+) ${METHOD} (?<path>\\S+) .{0,256}?- ${STATUS} .{0,256}?(?<milliseconds>[\\d.]+)ms$`,
  ),
];
/** No other message is looked at. */
const MAYBE = /\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT) /;
/** Hypercorn: a combined line behind the time and the level, `"GET /cart 1.1"`. */
const COMBINED = /^[\da-fA-F.:]{3,51} \S+ \S+ \[\d/;
const LONGEST = 4096;
const UNITS: Readonly<Record<string, number>> = { h: 3600e3, m: 60e3, s: 1e3, ms: 1, us: 1e-3, µs: 1e-3, ns: 1e-6 };
const combined = new CombinedFormat(true);

/**
 * What a service's line says of a request that it answered: an access log's record where it names the client; otherwise
 * the line's own fields get what it says.
 */
export function requestIn(fields: ServiceFields): RequestFields | ServiceFields {
  const { message, time } = fields;
  if (typeof message !== 'string' || message.length > LONGEST || !MAYBE.test(message)) return fields;
  if (COMBINED.test(message)) {
    const request = combined.read(message);
    if (request instanceof RequestFields) {
      request.request = String(request.request).replace(/ (\d(?:\.\d)?)$/, ' HTTP/$1');
      return request;
    }
  }
  for (const pattern of ANSWERED) {
    const said = pattern.exec(message)?.groups;
    if (said === undefined) continue;
    const address = canonicalAddress((said['client'] ?? '').replace(/^\[|\]$/g, ''));
    return address === undefined ? described(fields, said) : request(said, address, time);
  }
  return fields;
}

type Said = Readonly<Record<string, string | undefined>>;

function request(said: Said, client: string, time: unknown): RequestFields {
  const fields = new RequestFields();
  fields.time = time;
  fields.client = client;
  fields.method = said['method'];
  fields.path = said['path'];
  fields.status = said['status'];
  fields.bytes = said['bytes'];
  if (said['protocol'] !== undefined) fields.protocol = `HTTP/${said['protocol']}`;
  const took = tookMs(said);
  if (took !== undefined) fields.requestTime = took / 1000;
  return fields;
}

/** Without a level of its own it has the one that frameworks give to such a status. */
function described(fields: ServiceFields, said: Said): ServiceFields {
  const status = Number(said['status']);
  fields.method = said['method'];
  fields.endpoint = said['path'];
  fields.status = said['status'];
  fields.bytes = said['bytes'];
  fields.responseTime = tookMs(said);
  fields.level ??= status >= 500 ? 'error' : status >= 400 ? 'warning' : 'info';
  return fields;
}

function tookMs({ milliseconds, took }: Said): number | undefined {
  if (milliseconds !== undefined) return Number(milliseconds);
  if (took === undefined) return undefined;
  let sum = 0;
  for (const [, count, unit = ''] of took.matchAll(/([\d.]+)(ns|us|µs|ms|h|m|s)/g))
    sum += Number(count) * (UNITS[unit] ?? 0);
  return Math.round(sum * 1e6) / 1e6;
}
