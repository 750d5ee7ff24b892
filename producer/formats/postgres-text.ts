import type { ServiceFields } from './line-format.js';
import { queryMs } from './query-duration.js';

const SIGN = ':  ';
/** Behind the prefix stand how grave it is, a colon and two blanks. */
const SEVERITY =
  /(?:^|[\s:>|\]])(?<severity>DEBUG[1-5]?|INFO|NOTICE|WARNING|LOG|ERROR|FATAL|PANIC|STATEMENT|DETAIL|HINT|CONTEXT|QUERY|LOCATION|BACKTRACE): {2}(?=\S)/;
const PROCESS = /\[\d{1,10}\]/;
/** Amazon's RDS has a colon behind the zone. */
const ZONE = /^ ?(?<zone>[A-Z]{3,5}):/;
const USER = /(?:^|[\s:])(?<user>[\w.-]{1,64})@(?<database>[\w.-]{1,64})(?=[\s:])/;
const HOST = /[\s:](?<host>[\w.:-]{2,128})\(\d{1,5}\)/;
const PAIR = /\b(?<name>user|db|app|client|host)=(?<value>[^,\s=]{1,128})/g;
const LONGEST_PREFIX = 600;
const LEVELS: Readonly<Record<string, string>> = { WARNING: 'warning', ERROR: 'error', FATAL: 'fatal', PANIC: 'panic' };

/**
 * Takes what stands behind the time in a line of PostgreSQL's, whose `log_line_prefix` is what whoever runs it likes: the
 * process in brackets is known, and users, databases and clients in the forms that RDS, Debian and pgBadger have.
 *
 * @returns whether the line is one of PostgreSQL's
 */
export function takePostgres(fields: ServiceFields, rest: string): boolean {
  if (!rest.includes(SIGN)) return false;
  const found = SEVERITY.exec(rest.slice(0, LONGEST_PREFIX));
  if (found === null) return false;
  const prefix = rest.slice(0, found.index + 1);
  if (!PROCESS.test(prefix)) return false;
  const severity = found.groups?.['severity'] ?? '';
  fields.level = LEVELS[severity] ?? (severity.startsWith('DEBUG') ? 'debug' : 'info');
  fields.message = rest.slice(found.index + found[0].length);
  fields.responseTime = queryMs(rest.slice(found.index + found[0].length));
  const zone = ZONE.exec(prefix)?.groups?.['zone'];
  if (zone !== undefined) fields.time = `${String(fields.time)} ${zone}`;
  const { database, user } = USER.exec(prefix)?.groups ?? {};
  fields.user = user;
  fields.ip = HOST.exec(prefix.replace(ZONE, ':'))?.groups?.['host'];
  if (database !== undefined) fields.attributes = { dbname: database };
  for (const { groups: { name = '', value } = {} } of prefix.matchAll(PAIR)) takePair(fields, name, value);
  return true;
}

function takePair(fields: ServiceFields, name: string, value: string | undefined): void {
  if (name === 'user') fields.user = value;
  else if (name === 'client' || name === 'host') fields.ip = value;
  else {
    fields.attributes ??= {};
    fields.attributes[name === 'db' ? 'dbname' : 'application_name'] = value;
  }
}
