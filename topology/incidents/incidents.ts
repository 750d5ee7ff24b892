import { isDeepStrictEqual } from 'node:util';
import {
  type KeyValueStore,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  type StreamRecord,
  type StreamsBuilder,
  stringSerde,
  toMilliseconds,
} from '@millrace/streams';
import type { Alert, Incident, Severity } from '../../schemas/records.js';
import type { ApplicationConfig } from '../application-config.js';
import { dayOf, LastHeard, lastHeardStore } from '../monitoring/last-heard.js';
import { boundedName } from '../monitoring/measured.js';
import { storedStateSerde } from '../monitoring/stored-state.js';
import type { TopicSerdes } from '../serdes.js';
import { keyedSourceOf } from '../source.js';

const STORE = 'incidents';
const LAST_HEARD = 'incidents-last-heard';
const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];
/** Of a scope; the oldest incidents that are over are forgotten beyond it, and what comes late no longer changes them. */
const REMEMBERED_ALERTS = 200;
/** Of an incident; of more than so many, those that are over become one, but for the newest. */
const MAX_ALERTS = 50;
const NEWEST_ALERTS = 25;
/** That an incident names, and as many detectors. */
const MAX_ENTITIES = 50;

/** Groups alerts into incidents: those of one scope that overlap, or follow each other soon. */
export function incidents(
  builder: StreamsBuilder,
  { incidentQuiet, topics }: ApplicationConfig,
  serdes: TopicSerdes<'alerts' | 'incidents'>,
): void {
  const quietMs = toMilliseconds(incidentQuiet, 'the quiet after an incident');
  const stores = storesOf();
  keyedSourceOf(builder, topics.alerts, {
    name: 'alerts',
    value: serdes.alerts,
    timestamp: (alert) => alert.time,
    usable,
  })
    .process<string, Incident | null>(() => new GroupAlerts(quietMs, stores), {
      name: STORE,
      stores: [stores.alerts, stores.lastHeard],
    })
    .to(topics.incidents, { name: 'send-incidents', key: stringSerde, value: serdes.incidents });
}

function usable(alert: Alert): Alert {
  const { detector, entity, explanation, id, scope } = alert;
  return {
    ...alert,
    ...{ id: boundedName(id), scope: boundedName(scope), entity: boundedName(entity) },
    ...{ detector: boundedName(detector), explanation: boundedName(explanation) },
  };
}

/** What an incident is made of: an alert, or several that are over. */
interface KnownAlert extends Pick<Alert, 'id' | 'source_kind' | 'scope' | 'severity' | 'explanation'> {
  readonly alerts: number;
  readonly entities: readonly string[];
  readonly detectors: readonly string[];
  readonly opened: number;
  /** How long its window is, at whose end it was told; what older versions have written lacks it. */
  readonly windowMs?: number;
  /** Null while it goes on. */
  readonly resolved: number | null;
  /** Whether an incident has been named after it: it keeps that name. */
  readonly isNamesake: boolean;
}

function storesOf() {
  const alerts = keyValueStore({
    name: STORE,
    keySerde: stringSerde,
    // At first it was written without a number.
    valueSerde: storedStateSerde(STORE, { number: 1, older: { 0: (alerts) => alerts as readonly KnownAlert[] } }),
    sharesValues: true,
  });
  return { alerts, lastHeard: lastHeardStore(LAST_HEARD) };
}

/**
 * Incidents are a function of their scope's alerts alone, but for their names, and not of the order in which these come:
 * tasks that catch up send theirs one after the other. What comes late may join two incidents, or part one; a null
 * deletes what is no more.
 */
class GroupAlerts implements Processor<string, Alert, string, Incident | null> {
  readonly #quietMs: number;
  #context: ProcessorContext<string, Incident | null> | undefined;
  /** By scope, in the order of their begins. */
  #alerts: KeyValueStore<string, readonly KnownAlert[] | null> | undefined;
  #lastHeard: LastHeard | undefined;

  readonly #stores: ReturnType<typeof storesOf>;

  constructor(quietMs: number, stores: ReturnType<typeof storesOf>) {
    this.#quietMs = quietMs;
    this.#stores = stores;
  }

  init(context: ProcessorContext<string, Incident | null>): void {
    this.#context = context;
    this.#alerts = context.stateStore(this.#stores.alerts);
    this.#lastHeard = new LastHeard(context, this.#stores.lastHeard, (scope) => this.#alerts?.delete(scope));
  }

  process({ key: scope, timestamp, value: alert }: StreamRecord<string, Alert>): void {
    // What is for information is nobody's incident.
    if (alert.severity === 'info') return;
    const known = this.#alerts?.get(scope) ?? [];
    const before = new Map(group(known, this.#quietMs).map((alerts) => [nameOf(alerts), alerts]));
    const after = group(withAlert(known, alert), this.#quietMs);
    const kept = remembered(after.map(folded));
    const last = lastTimeOf(kept);
    if (last === undefined) return;
    this.#alerts?.put(scope, kept);
    const lastBefore = lastTimeOf(known);
    this.#lastHeard?.heard(scope, last, lastBefore === undefined ? undefined : dayOf(lastBefore));
    const names = new Set(after.map(nameOf));
    for (const key of before.keys()) if (!names.has(key)) this.#context?.forward({ key, value: null, timestamp });
    for (const alerts of after) {
      const key = nameOf(alerts);
      const old = before.get(key);
      if (old !== undefined && isSame(old, alerts)) continue;
      const value = incidentOf(alerts);
      if (old !== undefined && isDeepStrictEqual(incidentOf(old), value)) continue;
      this.#context?.forward({ key, value, timestamp });
    }
  }
}

function withAlert(known: readonly KnownAlert[], alert: Alert): KnownAlert[] {
  const { detector, entity, explanation, id, scope, severity, source_kind, state, time, window_end, window_start } =
    alert;
  // An alert that is told again, or is over, may say more than at first.
  const changes = state === 'resolved' ? { explanation, resolved: time } : { explanation };
  if (known.some((one) => one.id === id)) return known.map((one) => (one.id === id ? { ...one, ...changes } : one));
  if (state === 'resolved') return [...known];
  const opened = {
    ...{ explanation, id, scope, severity, source_kind, alerts: 1, entities: [entity], detectors: [detector] },
    ...{ opened: time, windowMs: window_end - window_start, resolved: null, isNamesake: false },
  };
  return [...known, opened].sort(byBegin);
}

function lastTimeOf(alerts: readonly KnownAlert[]): number | undefined {
  return alerts.length === 0 ? undefined : Math.max(...alerts.map(({ opened, resolved }) => resolved ?? opened));
}

function byBegin(one: KnownAlert, other: KnownAlert): number {
  return one.opened - other.opened || (one.id < other.id ? -1 : 1);
}

function isSame(some: readonly KnownAlert[], others: readonly KnownAlert[]): boolean {
  return some.length === others.length && some.every((alert, index) => alert === others[index]);
}

/** The alerts of each incident, in the order of their begins. */
function group(alerts: readonly KnownAlert[], quietMs: number): KnownAlert[][] {
  const groups: KnownAlert[][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const alert of alerts) {
    const last = groups.at(-1);
    // What a window of a minute tells of belongs to what there was in that minute, although it is told at its end.
    if (last !== undefined && alert.opened - (alert.windowMs ?? 0) <= end + quietMs) last.push(alert);
    else groups.push([alert]);
    end = Math.max(end, alert.resolved ?? Number.POSITIVE_INFINITY);
  }
  return groups.map(named);
}

function named(alerts: readonly KnownAlert[]): KnownAlert[] {
  const namesake = alerts.find(({ isNamesake }) => isNamesake) ?? alerts[0];
  return alerts.map((alert) => {
    const isNamesake = alert === namesake;
    return alert.isNamesake === isNamesake ? alert : { ...alert, isNamesake };
  });
}

function nameOf(alerts: readonly KnownAlert[]): string {
  return `incident/${alerts.find(({ isNamesake }) => isNamesake)?.id}`;
}

function incidentOf(alerts: readonly KnownAlert[]): Incident {
  const [first] = alerts as readonly [KnownAlert];
  const { detectors, entities, explanation, severity } = alerts.reduce(together);
  const isOver = alerts.every(({ resolved }) => resolved !== null);
  const updated = Math.max(...alerts.flatMap(({ opened, resolved }) => [opened, resolved ?? opened]));
  return {
    id: nameOf(alerts),
    source_kind: first.source_kind,
    scope: first.scope,
    state: isOver ? 'resolved' : alerts.length === 1 ? 'opened' : 'ongoing',
    severity,
    opened: first.opened,
    updated,
    resolved: isOver ? updated : null,
    alerts: alerts.reduce((count, one) => count + one.alerts, 0),
    detectors,
    entities,
    summary: explanation,
  };
}

/** Two alerts as one: it has the words of the graver, or else of the first. */
function together(one: KnownAlert, other: KnownAlert): KnownAlert {
  const gravity = ({ severity }: KnownAlert) => SEVERITIES.indexOf(severity);
  const { explanation, severity } = gravity(other) > gravity(one) ? other : one;
  return {
    ...(other.isNamesake ? other : one),
    ...{ explanation, severity, opened: one.opened },
    alerts: one.alerts + other.alerts,
    resolved: one.resolved === null || other.resolved === null ? null : Math.max(one.resolved, other.resolved),
    entities: [...new Set([...one.entities, ...other.entities])].slice(0, MAX_ENTITIES),
    detectors: [...new Set([...one.detectors, ...other.detectors])].slice(0, MAX_ENTITIES),
  };
}

function folded(alerts: KnownAlert[]): KnownAlert[] {
  if (alerts.length <= MAX_ALERTS) return alerts;
  const isOver = ({ resolved }: KnownAlert) => resolved !== null;
  const oldest = alerts.slice(0, -NEWEST_ALERTS);
  // Alerts that nobody ever resolves are not remembered one by one for ever, either.
  const old = new Set(alerts.length > REMEMBERED_ALERTS ? oldest : oldest.filter(isOver));
  if (old.size === 0) return alerts;
  return [[...old].reduce(together), ...alerts.filter((alert) => !old.has(alert))].sort(byBegin);
}

/** Without the oldest incidents that are over, where there are too many alerts. */
function remembered(groups: readonly KnownAlert[][]): KnownAlert[] {
  let first = 0;
  let alerts = groups.reduce((count, group) => count + group.length, 0);
  for (const group of groups.slice(0, -1)) {
    if (alerts <= REMEMBERED_ALERTS || group.some(({ resolved }) => resolved === null)) break;
    alerts -= group.length;
    first++;
  }
  return groups.slice(first).flat();
}
