import { takeTarget } from './absolute-request.js';
import { type LineFormat, type LineOutcome, LineRefusal, RequestFields, shown } from './line-format.js';

/** `1286536308.779    180 192.0.2.1 TCP_MISS/200 411 GET http://shop.example/a - HIER_DIRECT/203.0.113.7 text/html`, and headers. */
const NATIVE =
  /^(\d{9,10}\.\d{3}) +(-?\d+) (\S+) ([A-Z][A-Z_]*)\/(\d{3}|-) (\d+) (\S+) (\S+) (\S+) [A-Z_]+\/\S+ \S+(| \[.*\])$/;
const HEADER = /(?:^|\\n)(User-Agent|Referer): (.*?)(?=\\r|\\n|$)/gi;

/** The access log of Squid in its own format. */
export class SquidFormat implements LineFormat {
  read(line: string): LineOutcome {
    const parts = NATIVE.exec(line);
    if (parts === null) return new LineRefusal('not-in-format', `no request of Squid: ${shown(line)}`);
    const [, time, elapsed, client, , status, bytes, method, target = '', user, headers = ''] = parts;
    const fields = new RequestFields();
    fields.time = time;
    fields.client = client;
    fields.status = status;
    fields.bytes = bytes;
    fields.method = method;
    fields.user = user;
    if (Number(elapsed) >= 0) fields.requestTime = Number(elapsed) / 1000;
    takeTarget(fields, target);
    // The request's; those of the response follow.
    const sent = headers.slice(2, Math.max(0, headers.indexOf('] [')));
    for (const [, name, value] of sent.matchAll(HEADER)) {
      if (name?.toLowerCase() === 'referer') fields.referrer = value;
      else fields.userAgent = value;
    }
    return fields;
  }
}
