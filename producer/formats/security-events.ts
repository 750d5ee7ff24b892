import { type LineFormat, type LineOutcome, LineRefusal, ServiceFields, shown } from './line-format.js';
import type { Members } from './members.js';

/** `CEF:0|vendor|product|version|id|name|severity|extension`; bars within are escaped. */
const CEF =
  /^CEF:\d{1,2}\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|(.*)$/s;
/** `LEEF:1.0|vendor|product|version|id|extension`; 2.0 has what stands between the pairs before them. */
const LEEF = /^LEEF:(\d\.\d)\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|(.*)$/s;
const DELIMITER = /^(?:0?x([\da-f]{2,4})|([^\s\w|]))?\|/i;
const CEF_PAIR = /(?:^| )([\w.[\]]{1,64})=((?:\\.|[^=\\])*?)(?= [\w.[\]]{1,64}=|$)/gs;
const WORDS: Readonly<Record<string, number>> = { low: 3, medium: 6, high: 8, 'very-high': 10 };
const TIMES = ['rt', 'end', 'start', 'devTime'];

/** What firewalls and the like send to security's collectors: ArcSight's Common Event Format, and QRadar's LEEF. */
export class SecurityEventFormat implements LineFormat {
  read(line: string): LineOutcome {
    return cef(line) ?? leef(line) ?? new LineRefusal('not-in-format', `no event in CEF or LEEF: ${shown(line)}`);
  }
}

function cef(line: string): ServiceFields | undefined {
  const [whole, vendor = '', product = '', , id = '', name = '', severity = '', extension = ''] = CEF.exec(line) ?? [];
  if (whole === undefined) return undefined;
  const pairs: Record<string, string> = {};
  for (const [, key = '', value = ''] of extension.matchAll(CEF_PAIR)) pairs[key] = unescaped(value).trim();
  return eventOf(
    { id: unescaped(id), name: unescaped(name), product: unescaped(product), vendor: unescaped(vendor) },
    severity,
    pairs,
  );
}

function leef(line: string): ServiceFields | undefined {
  const [, version, vendor, product, , id, rest = ''] = LEEF.exec(line) ?? [];
  if (version === undefined) return undefined;
  const delimited = version.startsWith('2') ? DELIMITER.exec(rest) : null;
  const [, code, sign = '\t'] = delimited ?? [];
  const delimiter = code === undefined ? sign : String.fromCharCode(Number.parseInt(code, 16));
  const pairs: Record<string, string> = {};
  for (const pair of rest.slice(delimited?.[0].length ?? 0).split(delimiter)) {
    const at = pair.indexOf('=');
    if (at > 0) pairs[pair.slice(0, at).trim()] = pair.slice(at + 1).trim();
  }
  return eventOf({ id, name: pairs['msg'] ?? id, product, vendor }, pairs['sev'] ?? '', pairs);
}

interface Named {
  readonly vendor: string | undefined;
  readonly product: string | undefined;
  readonly id: string | undefined;
  readonly name: string | undefined;
}

function eventOf({ id, name, product, vendor }: Named, severity: string, pairs: Record<string, string>): ServiceFields {
  const fields = new ServiceFields();
  const time = TIMES.find((key) => pairs[key] !== undefined);
  if (time !== undefined) fields.time = pairs[time];
  fields.service = product;
  fields.level = levelOfTen(severity);
  fields.message = name;
  fields.ip = pairs['src'];
  fields.user = pairs['suser'] ?? pairs['usrName'] ?? pairs['duser'];
  fields.source = pairs['dvchost'] ?? pairs['dvc'];
  fields.attributes = { vendor, event_id: id, ...pairs };
  return fields;
}

/** Of severities from 0 to 10: low to 3, medium to 6, high to 8, very high above. */
function levelOfTen(severity: string): string {
  const number = WORDS[severity.toLowerCase()] ?? Number(severity || 0);
  if (number > 8) return 'critical';
  if (number > 6) return 'error';
  return number > 3 ? 'warning' : 'info';
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, (_, sign: string) => (sign === 'n' || sign === 'r' ? '\n' : sign));
}

const SURICATA: Readonly<Record<number, string>> = { 1: 'error', 2: 'warning' };

/** An event of Suricata's EVE in the words of most others; undefined for any other object. */
export function suricataEvent({
  alert,
  event_type: type,
  src_ip: ip,
  timestamp,
  ...rest
}: Members): Members | undefined {
  if (typeof type !== 'string' || typeof timestamp !== 'string') return undefined;
  const { severity, signature } = (alert ?? {}) as Members;
  if (ip === undefined && type !== 'stats') return undefined;
  const level = SURICATA[Number(severity)] ?? 'info';
  const message = typeof signature === 'string' ? signature : type;
  return {
    timestamp,
    service: 'suricata',
    level,
    message,
    ...(ip !== undefined && { ip }),
    event_type: type,
    ...rest,
    alert,
  };
}
