import { FORWARDED_FOR, type LineFormat, LineRefusal, type RequestField, RequestFields, shown } from './line-format.js';

/** The labels that ltsv.org recommends, and those that are in use beside them. There, `host` is the client. */
const LABELS: Readonly<Record<string, RequestField>> = {
  host: 'client',
  remote_addr: 'client',
  remotehost: 'client',
  ip: 'client',
  forwardedfor: 'forwarded',
  xff: 'forwarded',
  time: 'time',
  time_local: 'time',
  time_iso8601: 'time',
  msec: 'time',
  timestamp: 'time',
  req: 'request',
  request: 'request',
  method: 'method',
  uri: 'path',
  request_uri: 'path',
  status: 'status',
  reqtime: 'requestTime',
  apptime: 'upstreamTime',
  request_time: 'requestTime',
  vhost: 'host',
  http_host: 'host',
  server_name: 'host',
  hostname: 'server',
  server: 'server',
  country: 'country',
  size: 'bytes',
  body_bytes_sent: 'bytes',
};
const LABEL = /^[A-Za-z][\w.-]{0,63}$/;
const FEWEST_FIELDS = 3;
const MICROSECONDS = 1e6;

/** Labeled Tab-separated Values: `time:…<tab>host:…<tab>req:…`. */
export class LtsvFormat implements LineFormat {
  readonly #forwarded: string;

  constructor(forwarded = FORWARDED_FOR) {
    this.#forwarded = forwarded;
  }

  read(line: string): RequestFields | LineRefusal {
    const fields = new RequestFields();
    let found = 0;
    for (const part of line.split('\t')) {
      const colon = part.indexOf(':');
      const label = part.slice(0, Math.max(colon, 0));
      if (!LABEL.test(label)) continue;
      const name = label.toLowerCase();
      const value = part.slice(colon + 1);
      const field = name === this.#forwarded ? 'forwarded' : Object.hasOwn(LABELS, name) ? LABELS[name] : undefined;
      found++;
      if (name === 'http_host') fields.isHostHeader = fields.host === undefined;
      if (field !== undefined) fields[field] ??= field === 'time' ? value.replace(/^\[|\]$/g, '') : value;
      else if (name === 'reqtime_microsec' && value !== '-') fields.requestTime ??= Number(value) / MICROSECONDS;
    }
    if (found >= FEWEST_FIELDS && fields.time !== undefined) return fields;
    return new LineRefusal('not-in-format', `no values with labels and tabs, a time among them: ${shown(line)}`);
  }
}
