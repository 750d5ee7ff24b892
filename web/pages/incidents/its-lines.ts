import type { Incident, LogLine } from '../../api/client.js';
import { nameOf } from '../../parts/incident-words.js';
import { quoted } from '../logs/search-terms.js';

const SOURCES = { service: 'services', web: 'requests', sensor: 'sensors' } as const;

/** Where in Logs an incident's lines are. */
export function logsSourceOf({ source_kind: kind }: Pick<Incident, 'source_kind'>): LogLine['kind'] {
  return SOURCES[kind];
}

/** Whether it is about one client, of which there are requests and no series. */
export const isOfClient = ({ scope }: Pick<Incident, 'scope'>): boolean => scope.startsWith('client/');

/** The search that finds all requests of a client or host, also those that did not fail. */
export function requestsOf({ scope }: Pick<Incident, 'scope'>): string {
  const name = quoted(nameOf(scope));
  if (isOfClient({ scope })) return `client_ip:${name}`;
  return nameOf(scope) === '*' ? '' : `host:${name}`;
}

/** Whether an incident is of all lines of its client or sensor, and not only of those that failed. */
export function areAllLines({ scope, source_kind: kind }: Pick<Incident, 'scope' | 'source_kind'>): boolean {
  return kind === 'sensor' || isOfClient({ scope });
}

/** The search that finds them. */
export function logsQueryOf({ scope, source_kind: kind }: Pick<Incident, 'scope' | 'source_kind'>): string {
  const name = quoted(nameOf(scope));
  if (kind === 'sensor') return `sensor_id:${name}`;
  if (kind === 'service') return `service:${name} level:ERROR,CRITICAL`;
  if (isOfClient({ scope })) return requestsOf({ scope });
  return `${requestsOf({ scope })} status:>=400`.trim();
}

/** The time in which an incident's lines are, with some before and after, as a query of the URL. */
export function timeAround({ opened, resolved, updated }: Pick<Incident, 'opened' | 'resolved' | 'updated'>) {
  return {
    from: String(opened - 600_000),
    to: String((resolved ?? Math.max(updated, Date.now())) + 60_000),
  };
}
