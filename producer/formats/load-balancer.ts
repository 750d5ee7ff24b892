import { takeRequest } from './absolute-request.js';
import { type LineFormat, type LineOutcome, LineRefusal, RequestFields, shown } from './line-format.js';

/** `https 2024-03-07T11:05:01.186641Z app/my-loadbalancer/50dc6c495c0c9188 203.0.113.5:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET …` */
const APPLICATION =
  /^(https?|h2|grpcs|wss?) (\d{4}-\d{2}-\d{2}T[\d:.]{8,18}Z) (\S+) (\S+) (\S+) (-?[\d.]+) (-?[\d.]+) (-?[\d.]+) (\d{3}|-) (\d{3}|-) (\d+) (\d+) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)" (\S+) (\S+)(?: (.*))?$/;
/** The same without the kind: a classic load balancer. */
const CLASSIC =
  /^(\d{4}-\d{2}-\d{2}T[\d:.]{8,18}Z) (\S+) (\S+) (\S+) (-?[\d.]+) (-?[\d.]+) (-?[\d.]+) (\d{3}|-) (\d{3}|-) (\d+) (\d+) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)" (\S+) (\S+)$/;
const TRACE = /"Root=([^"]{1,128})"|"(?:Self=[^"]*;)?Root=([^";]{1,128})[^"]*"/;

/** Access logs of AWS's application and classic load balancers. */
export class LoadBalancerFormat implements LineFormat {
  read(line: string): LineOutcome {
    const application = APPLICATION.exec(line);
    if (application !== null) return fieldsOf(application.slice(2));
    return (
      this.readClassic(line) ?? new LineRefusal('not-in-format', `no line of an AWS load balancer: ${shown(line)}`)
    );
  }

  /** A line of a classic load balancer; undefined where it is none. */
  readClassic(line: string): RequestFields | undefined {
    const classic = CLASSIC.exec(line);
    return classic === null ? undefined : fieldsOf(classic.slice(1));
  }
}

function fieldsOf(parts: readonly (string | undefined)[]): RequestFields {
  const [time, balancer, client, , toBackend, backend, toClient, status, backendStatus] = parts;
  const [, sent, request = '', agent, , protocol, rest = ''] = parts.slice(9);
  const fields = new RequestFields();
  fields.time = time;
  fields.server = balancer;
  fields.client = client;
  fields.status = status === '-' ? backendStatus : status;
  fields.bytes = sent;
  fields.userAgent = agent;
  fields.tls = protocol;
  // -1 where there was no answer.
  const times = [toBackend, backend, toClient].map(Number);
  if (times.every((one) => one >= 0)) fields.requestTime = round(times.reduce((sum, one) => sum + one, 0));
  if ((times[1] ?? -1) >= 0) fields.upstreamTime = times[1];
  takeRequest(fields, request);
  const trace = TRACE.exec(rest);
  fields.requestId = trace?.[1] ?? trace?.[2];
  return fields;
}

/** To the microsecond, which the log has. */
function round(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
