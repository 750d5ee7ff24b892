import type { Alert, Incident, Severity } from '../schemas/records.js';
import {
  jsonSerde,
  type KeyValueStore,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  type StreamRecord,
  type StreamsBuilder,
  stringSerde,
  toMilliseconds,
} from '../streams/index.js';
import type { ApplicationConfig } from './application-config.js';
import type { TopicSerdes } from './serdes.js';

const STORE = 'incidents';
const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];

/** Groups alerts into incidents: those of one scope that follow each other, until all of them are over. */
export function incidents(
  builder: StreamsBuilder,
  { incidentQuiet, topics }: ApplicationConfig,
  serdes: TopicSerdes<'alerts' | 'incidents'>,
): void {
  const quietMs = toMilliseconds(incidentQuiet, 'the quiet after an incident');
  const store = keyValueStore({ name: STORE, keySerde: stringSerde, valueSerde: jsonSerde<OpenIncident>() });
  builder
    .stream(topics.alerts, { key: stringSerde, value: serdes.alerts, timestamp: (alert) => alert.time })
    .process<string, Incident>(() => new GroupAlerts(quietMs), { name: STORE, stores: [store] })
    .to(topics.incidents, { key: stringSerde, value: serdes.incidents });
}

/** An incident and its alerts that are not over. */
interface OpenIncident {
  incident: Incident;
  open: readonly string[];
}

/**
 * An incident ends with the last of its alerts, and goes on when the next one comes soon enough: then it is the same
 * outage. By the alerts' own time, so that it depends on them alone.
 */
class GroupAlerts implements Processor<string, Alert, string, Incident> {
  readonly #quietMs: number;
  #context: ProcessorContext<string, Incident> | undefined;
  #incidents: KeyValueStore<string, OpenIncident> | undefined;

  constructor(quietMs: number) {
    this.#quietMs = quietMs;
  }

  init(context: ProcessorContext<string, Incident>): void {
    this.#context = context;
    this.#incidents = context.stateStore(STORE);
  }

  process({ key: scope, timestamp, value: alert }: StreamRecord<string, Alert>): void {
    const before = this.#incidents?.get(scope);
    const after = alert.state === 'opened' ? this.#opened(before, alert) : withoutAlert(before, alert);
    if (after === undefined) return;
    this.#incidents?.put(scope, after);
    this.#context?.forward({ key: after.incident.id, value: after.incident, timestamp });
  }

  #opened(before: OpenIncident | undefined, alert: Alert): OpenIncident {
    const resolved = before?.incident.resolved ?? null;
    const goesOn = before !== undefined && (resolved === null || alert.time - resolved <= this.#quietMs);
    if (!goesOn) return { incident: firstOf(alert), open: [alert.id] };
    const { incident, open } = before;
    if (open.includes(alert.id)) return before;
    const isGraver = SEVERITIES.indexOf(alert.severity) > SEVERITIES.indexOf(incident.severity);
    return {
      incident: {
        ...incident,
        state: 'ongoing',
        severity: isGraver ? alert.severity : incident.severity,
        updated: Math.max(incident.updated, alert.time),
        resolved: null,
        alerts: incident.alerts + 1,
        detectors: withItem(incident.detectors, alert.detector),
        entities: withItem(incident.entities, alert.entity),
        summary: isGraver ? alert.explanation : incident.summary,
      },
      open: [...open, alert.id],
    };
  }
}

function firstOf({ detector, entity, explanation, id, scope, severity, source_kind, time }: Alert): Incident {
  return {
    id: `incident/${id}`,
    source_kind,
    scope,
    state: 'opened',
    severity,
    opened: time,
    updated: time,
    resolved: null,
    alerts: 1,
    detectors: [detector],
    entities: [entity],
    summary: explanation,
  };
}

function withoutAlert(before: OpenIncident | undefined, { id, time }: Alert): OpenIncident | undefined {
  if (before === undefined || !before.open.includes(id)) return undefined;
  const open = before.open.filter((other) => other !== id);
  const updated = Math.max(before.incident.updated, time);
  const incident: Incident = { ...before.incident, state: 'ongoing', updated };
  return { incident: open.length > 0 ? incident : { ...incident, state: 'resolved', resolved: updated }, open };
}

function withItem(items: readonly string[], item: string): readonly string[] {
  return items.includes(item) ? items : [...items, item];
}
