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
import { ALL_HOSTS_SCOPE, familyOf, type HostAlert, homesOf, type Measured } from './hosts-together.js';

const STORE = 'incidents';
const LAST_HEARD = 'incidents-last-heard';
const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];
/** Of a scope; the oldest incidents that are over are forgotten beyond it, and what comes late no longer changes them. */
const REMEMBERED_ALERTS = 200;
/** Of all hosts. */
const REMEMBERED_OF_HOSTS = 1000;
/** Of an incident; of more than so many, those that are over become one, but for the newest. */
const MAX_ALERTS = 50;
const NEWEST_ALERTS = 25;
/** Of those that became one, so many are waited for to be over; the oldest beyond them are taken for it. */
const MAX_OPEN = 500;
/** That an incident names, and as many detectors. */
const MAX_ENTITIES = 50;

/** Groups alerts into incidents: those of one scope that overlap, or follow each other soon, and those of hosts with one cause. */
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
  /** Of several, the ids of those that go on; what older versions have written lacks it. */
  readonly open?: readonly string[];
  /** Whether an incident has been named after it: it keeps that name. */
  readonly isNamesake: boolean;
  /** Of a single alert of a host, or of all together. */
  readonly measured?: Measured;
  /** Whose incident it is, since some of that were put together. */
  readonly home?: string;
}

/** The alerts of an incident, in the order of their begins. */
interface Grouped {
  readonly scope: string;
  readonly alerts: readonly KnownAlert[];
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

  process({ key, timestamp, value: alert }: StreamRecord<string, Alert>): void {
    // What is for information is nobody's incident.
    if (alert.severity === 'info') return;
    const family = this.#placeOf(key, alert);
    const known = this.#alerts?.get(family) ?? [];
    const before = new Map(grouped(known, this.#quietMs).map((group) => [nameOf(group), group]));
    const after = grouped(withAlert(known, alert), this.#quietMs);
    const kept = remembered(after.map(folded), family === alert.scope ? REMEMBERED_ALERTS : REMEMBERED_OF_HOSTS);
    const last = lastTimeOf(kept);
    if (last === undefined) return;
    this.#alerts?.put(family, kept);
    const lastBefore = lastTimeOf(known);
    this.#lastHeard?.heard(family, last, lastBefore === undefined ? undefined : dayOf(lastBefore));
    const names = new Set(after.map(nameOf));
    for (const name of before.keys()) {
      if (!names.has(name)) this.#context?.forward({ key: name, value: null, timestamp });
    }
    for (const group of after) {
      const name = nameOf(group);
      const old = before.get(name);
      if (old !== undefined && isSame(old, group)) continue;
      const value = incidentOf(group);
      if (old !== undefined && isDeepStrictEqual(incidentOf(old), value)) continue;
      this.#context?.forward({ key: name, value, timestamp });
    }
  }

  /** Under which key the alert is, or will be: older versions have put those of a host under its scope. */
  #placeOf(key: string, { id, scope }: Alert): string {
    const family = familyOf(scope);
    const isKnown = (place: string) => this.#alerts?.get(place)?.some((one) => one.id === id) ?? false;
    return family !== key && !isKnown(family) && isKnown(key) ? key : family;
  }
}

function withAlert(known: readonly KnownAlert[], alert: Alert): KnownAlert[] {
  const { detector, entity, explanation, id, scope, severity, source_kind, state, time, window_end, window_start } =
    alert;
  const own = known.find((one) => one.id === id || one.open?.includes(id));
  if (own !== undefined) return known.map((one) => (one === own ? changed(one, alert) : one));
  if (state === 'resolved') return [...known];
  const { expected_high: high, expected_low: low, hosts = null, value } = alert;
  const opened = {
    ...{ explanation, id, scope, severity, source_kind, alerts: 1, entities: [entity], detectors: [detector] },
    ...{ opened: time, windowMs: window_end - window_start, resolved: null, isNamesake: false },
    ...(familyOf(scope) === ALL_HOSTS_SCOPE ? { measured: { value, low, high, hosts } } : {}),
  };
  return [...known, opened].sort(byBegin);
}

function changed(one: KnownAlert, { explanation, id, state, time }: Alert): KnownAlert {
  const isOver = state === 'resolved';
  // An alert that is told again, or is over, may say more than at first.
  if (one.open === undefined) return { ...one, explanation, ...(isOver && { resolved: time }) };
  if (!isOver || !one.open.includes(id)) return one;
  const open = one.open.filter((other) => other !== id);
  return { ...one, open, resolved: open.length === 0 ? time : null };
}

function lastTimeOf(alerts: readonly KnownAlert[]): number | undefined {
  return alerts.length === 0 ? undefined : Math.max(...alerts.map(({ opened, resolved }) => resolved ?? opened));
}

function byBegin(one: KnownAlert, other: KnownAlert): number {
  return one.opened - other.opened || (one.id < other.id ? -1 : 1);
}

function isSame(one: Grouped, other: Grouped): boolean {
  const { alerts } = other;
  return (
    one.scope === other.scope &&
    one.alerts.length === alerts.length &&
    one.alerts.every((alert, index) => alert === alerts[index])
  );
}

/** The incidents of a family, in the order of their begins. */
function grouped(alerts: readonly KnownAlert[], quietMs: number): Grouped[] {
  const homes = homesOf(alerts satisfies readonly HostAlert[], quietMs);
  const byHome = new Map<string, KnownAlert[]>();
  for (const alert of alerts) {
    const home = homes.get(alert.id) ?? alert.scope;
    const others = byHome.get(home);
    if (others === undefined) byHome.set(home, [alert]);
    else others.push(alert);
  }
  const groups = [...byHome].flatMap(([scope, some]) => group(some, quietMs).map((one) => ({ scope, alerts: one })));
  return groups.sort((one, other) => byBegin(firstOf(one), firstOf(other)));
}

function firstOf({ alerts }: Grouped): KnownAlert {
  return alerts[0] as KnownAlert;
}

/** The alerts of each incident of a scope, in the order of their begins. */
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

function nameOf({ alerts }: Grouped): string {
  return `incident/${alerts.find(({ isNamesake }) => isNamesake)?.id}`;
}

function incidentOf(incident: Grouped): Incident {
  const { alerts, scope } = incident;
  const first = firstOf(incident);
  // Its own words come first, before those of others that show it.
  const own = alerts.filter((one) => one.scope === scope);
  const { detectors, entities, explanation, severity } = [
    ...own,
    ...alerts.filter((one) => one.scope !== scope),
  ].reduce(together);
  const isOver = alerts.every(({ resolved }) => resolved !== null);
  const updated = Math.max(...alerts.flatMap(({ opened, resolved }) => [opened, resolved ?? opened]));
  return {
    id: nameOf(incident),
    source_kind: first.source_kind,
    scope,
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

function folded(incident: Grouped): Grouped {
  const { alerts, scope } = incident;
  if (alerts.length <= MAX_ALERTS) return incident;
  const isOver = ({ resolved }: KnownAlert) => resolved !== null;
  const oldest = alerts.slice(0, -NEWEST_ALERTS);
  // Alerts that nobody ever resolves are not remembered one by one for ever, either.
  const old = new Set(alerts.length > REMEMBERED_ALERTS ? oldest : oldest.filter(isOver));
  if (old.size === 0) return incident;
  const { measured: _, ...whole } = [...old].reduce(together);
  const open = [...old].flatMap(openIn).slice(-MAX_OPEN);
  const one = { ...whole, open, resolved: open.length > 0 ? null : whole.resolved };
  // What showed whose they are may be among them.
  const settled = alerts.filter((alert) => !old.has(alert)).map((alert) => settledAt(alert, scope));
  return { scope, alerts: [settledAt(one, scope), ...settled].sort(byBegin) };
}

function openIn({ id, open, resolved }: KnownAlert): readonly string[] {
  return open ?? (resolved === null ? [id] : []);
}

function settledAt(alert: KnownAlert, home: string): KnownAlert {
  return familyOf(home) === ALL_HOSTS_SCOPE ? { ...alert, home } : alert;
}

/** Without the oldest incidents that are over, where there are too many alerts. */
function remembered(incidents: readonly Grouped[], most: number): KnownAlert[] {
  let alerts = incidents.reduce((count, one) => count + one.alerts.length, 0);
  const kept = incidents.filter((one, index) => {
    const isOver = one.alerts.every(({ resolved }) => resolved !== null);
    if (alerts <= most || !isOver || index === incidents.length - 1) return true;
    alerts -= one.alerts.length;
    return false;
  });
  return kept.flatMap((one) => one.alerts).sort(byBegin);
}
