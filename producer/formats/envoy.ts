import { takeHost } from './absolute-request.js';
import { type LineFormat, type LineOutcome, LineRefusal, RequestFields, shown } from './line-format.js';

/**
 * `[2026-03-07T11:05:03.186Z] "GET /a HTTP/1.1" 200 - 154 12 226 100 "203.0.113.5" "curl/8" "cc21d9b0-…" "shop.example" "10.0.2.1:80"`;
 * Istio has two words more behind the flags.
 */
const BEGIN =
  /^\[(\d{4}-\d\d-\d\dT[\d:.]{8,16}Z)\] "([^"]*)" (\d{1,3}) (\S+)(?: (?!\d)\S+ \S+ "[^"]*")? (\d+) (\d+) (\d+|-) (\d+|-) "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" "[^"]*"/;
/** Istio's rest: the cluster, two local addresses, and who connected. */
const DOWNSTREAM = /^ \S+ \S+ \S+ (\S+) /;

/** The access log that Envoy writes where it is told no other format, and Istio's. */
export class EnvoyFormat implements LineFormat {
  read(line: string): LineOutcome {
    const parts = BEGIN.exec(line);
    if (parts === null) return new LineRefusal('not-in-format', `no request of Envoy: ${shown(line)}`);
    const [whole, time, request, status, , , sent, duration, upstream, forwarded = '', agent, id, authority = ''] =
      parts;
    // Envoy writes quotes of clients as they are.
    const rest = line.slice(whole.length);
    if (rest.includes('"')) return new LineRefusal('ambiguous-line', `more quotes than Envoy writes: ${shown(line)}`);
    const fields = new RequestFields();
    fields.time = time;
    fields.request = request;
    // 0 where there was no answer.
    if (status !== '0') fields.status = status;
    fields.bytes = sent;
    if (duration !== '-') fields.requestTime = Number(duration) / 1000;
    if (upstream !== '-') fields.upstreamTime = Number(upstream) / 1000;
    fields.userAgent = agent;
    fields.requestId = id;
    takeHost(fields, authority);
    const [, downstream] = DOWNSTREAM.exec(rest) ?? [];
    // X-Forwarded-For is all that the default format has of the client; Envoy appends who it talks to.
    fields.client = downstream ?? forwarded.slice(forwarded.lastIndexOf(',') + 1).trim();
    if (downstream !== undefined && forwarded !== '-') fields.forwarded = forwarded;
    return fields;
  }
}
