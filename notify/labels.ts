import type { Incident } from '../schemas/records.js';

/** What matchers look at: a label may have several values, such as the entities of an incident. */
export type Labels = Readonly<Record<string, readonly string[]>>;

/** The labels of an incident, by the names that matchers, groups and inhibitions use. */
export const LABEL_NAMES = ['incident', 'source', 'scope', 'severity', 'detector', 'entity', 'tenant'] as const;

export function labelsOf(incident: Incident, tenant = ''): Labels {
  return {
    incident: [incident.id],
    source: [incident.source_kind],
    scope: [incident.scope],
    severity: [incident.severity],
    detector: incident.detectors,
    entity: incident.entities,
    tenant: tenant === '' ? [] : [tenant],
  };
}
