import type { Incident } from '../api/client.js';
import { Icon } from './icon.js';

const SEVERITY_WORDS = { critical: 'Critical', warning: 'Warning', info: 'Info' } as const;

interface SeverityProps {
  readonly severity: Incident['severity'];
  /** The row says the word itself. */
  readonly quiet?: boolean;
}

export function Severity({ quiet = false, severity }: SeverityProps) {
  return (
    <span className={`st ${severity}`}>
      <Icon name={severity} />
      <span className={quiet ? 'vh' : ''}>{SEVERITY_WORDS[severity]}</span>
    </span>
  );
}

/** An incident's mark in a list: how grave it is while it goes on, and that it is over. */
export function IncidentMark({ incident }: { readonly incident: Incident }) {
  if (incident.state !== 'resolved') return <Severity severity={incident.severity} quiet />;
  return (
    <span className="st quiet">
      <Icon name="resolved" />
      <span className="vh">Resolved</span>
    </span>
  );
}

export function Health({ health }: { readonly health: 'healthy' | 'degraded' | 'down' }) {
  if (health === 'healthy') {
    return (
      <span className="st ok">
        <Icon name="ok" />
        healthy
      </span>
    );
  }
  return (
    <span className="st critical">
      <Icon name={health === 'down' ? 'gone' : 'critical'} />
      {health}
    </span>
  );
}

const LEVELS: Readonly<Record<string, string>> = {
  DEBUG: '',
  INFO: '',
  WARN: 'warn',
  WARNING: 'warn',
  ERROR: 'error',
  CRITICAL: 'critical',
  FATAL: 'critical',
};

/** A level's first letter in a square. */
export function Level({ level }: { readonly level: unknown }) {
  // Its place is kept, so that lines with and without stand in the same columns.
  if (typeof level !== 'string') return <span aria-hidden="true" />;
  return (
    <span className={`lv ${LEVELS[level] ?? ''}`} role="img" aria-label={level} title={level}>
      {level.slice(0, 1)}
    </span>
  );
}
