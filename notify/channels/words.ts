import type { Notification, ToldIncident } from '../decider.js';

/** What happened, in a few words that people read first. */
export function headlineOf({ incidents, reason }: Notification): string {
  const [first] = incidents;
  const what = incidents.length === 1 && first !== undefined ? first.incident.scope : `${incidents.length} incidents`;
  return `${stateWord(reason, first)}: ${what}`;
}

/** What happened to one incident. */
export function headlineOfOne(told: ToldIncident, reason: Notification['reason']): string {
  return `${stateWord(told.firing ? reason : 'resolved', told)}: ${told.incident.scope}`;
}

function stateWord(reason: Notification['reason'], first: ToldIncident | undefined): string {
  if (first === undefined || !first.firing) return 'Resolved';
  const severity = `${first.incident.severity.slice(0, 1).toUpperCase()}${first.incident.severity.slice(1)}`;
  if (first.flapping) return `${severity}, flapping`;
  if (reason === 'worse') return `${severity}, worse`;
  return reason === 'repeated' ? `${severity}, still` : severity;
}

/** The facts of an incident, as names and values. */
export function factsOf({ acknowledged, firing, incident }: ToldIncident): readonly (readonly [string, string])[] {
  return [
    ['Severity', incident.severity],
    ['Since', utc(incident.opened)],
    ...(firing || incident.resolved === null ? [] : [['Until', utc(incident.resolved)] as const]),
    ['Affected', incident.entities.join(', ')],
    ['Detected by', incident.detectors.join(', ')],
    ['Alerts', String(incident.alerts)],
    ...(acknowledged ? [['Acknowledged', 'yes'] as const] : []),
  ];
}

function utc(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
