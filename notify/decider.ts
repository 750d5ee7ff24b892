import type { Incident } from '../schemas/records.js';
import { type Feedback, fineUntil, scopeOf } from './feedback.js';
import { type Changes, type FlappingRule, heard, NO_CHANGES, settled, stableAt } from './flapping.js';
import { gravityOf, type Member, type Reason, reasonToTell, toldNow } from './grouping.js';
import { type Inhibition, isInhibited } from './inhibition.js';
import { type Labels, labelsOf } from './labels.js';
import { groupKeyOf, type Route, routesFor } from './routing.js';
import type { Schedule } from './schedules.js';
import type { Silence } from './silences.js';
import type { Group, Known, NotifyState, Said } from './state.js';

/** What decides what is told to whom. */
export interface Rules {
  readonly route: Route;
  readonly inhibitions: readonly Inhibition[];
  readonly silences: readonly Silence[];
  readonly schedules: ReadonlyMap<string, Schedule>;
  readonly flapping: FlappingRule;
  readonly tenant: string;
  /** Whether a channel is told of ends; undefined: there is no such channel, or it is disabled. */
  tellsResolved(channel: string): boolean | undefined;
  /** Whether an incident comes of what is maintained at a time: it is not told while it does. Default: none does. */
  isOfMaintenance?(incident: Incident, time: number): boolean;
}

/** An incident as it is told. */
export interface ToldIncident {
  readonly incident: Incident;
  readonly firing: boolean;
  readonly flapping: boolean;
  readonly acknowledged: boolean;
}

/** A member of a group when it is looked at. */
interface Looked {
  readonly id: string;
  readonly known: Known;
  readonly labels: Labels;
}

/** What a channel is to be told. */
export interface Notification {
  readonly channel: string;
  readonly route: string;
  readonly group: string;
  /** The labels that the group has in common. */
  readonly groupLabels: Readonly<Record<string, readonly string[]>>;
  readonly reason: Reason;
  readonly time: number;
  readonly incidents: readonly ToldIncident[];
}

/** How long, at most, it is remembered what a channel was told of a group that is quiet: Alertmanager's five days. */
const REMEMBER_MS = 120 * 3_600_000;
/** How often a group is looked at whose interval is shorter, or none: it is looked at whenever it changes. */
const MIN_LOOK_MS = 1000;
const NOT_SAID: Said = { acknowledged: false, silencedUntil: 0, endedAt: null };

/**
 * Decides what is told, when and to whom: Alertmanager's dispatcher and its pipeline of stages over incidents. It does no
 * I/O and looks at no clock; all it knows is in its state.
 */
export class Decider {
  readonly #state: NotifyState;
  #rules: Rules;
  #routes: ReadonlyMap<string, Route>;

  constructor(state: NotifyState, rules: Rules) {
    this.#state = state;
    this.#rules = rules;
    this.#routes = byId(rules.route);
  }

  /** Takes other rules: what goes on is routed anew. */
  setRules(rules: Rules, now: number): void {
    this.#rules = rules;
    this.#routes = byId(rules.route);
    for (const [key, group] of [...this.#state.groups.entries()]) {
      if (!this.#routes.has(group.route)) this.#state.groups.delete(key);
    }
    for (const [id, known] of [...this.#state.known.entries()]) if (known.firing) this.#insert(id, known, now);
  }

  /** An incident as it is now; null: it is no more, for it has become a part of another. */
  incident(id: string, incident: Incident | null, now: number): void {
    const before = this.#state.known.get(id);
    const value = incident ?? (before === undefined ? undefined : overAt(before.incident, now));
    if (value === undefined) return;
    const scope = scopeOf(value);
    const endedAtAlerts = before?.endedAtAlerts ?? null;
    const endedAt = this.#state.said.get(id)?.endedAt ?? null;
    const isEnded =
      before === undefined
        ? endedAt !== null && value.updated <= endedAt
        : endedAtAlerts !== null && value.alerts <= endedAtAlerts;
    const goesOn = value.state !== 'resolved' && !isEnded;
    const changesBefore = this.#state.changes.get(scope) ?? NO_CHANGES;
    // What is heard of for the first time when it is over was never told: it is no change.
    if (before === undefined && !goesOn && changesBefore.as === null) return;
    // Logs of the past are read faster than their time went by.
    const at = incident === null ? now : Math.min(now, incident.updated);
    const changes = heard(changesBefore, id, goesOn, at, this.#rules.flapping);
    const { flapping } = changes;
    const as = changes.as ?? id;
    this.#state.changes.set(scope, flapping || goesOn ? changes : { ...changes, as: null });
    if (as !== id && before?.firing)
      this.#put(id, { ...before, firing: false, incident: overAt(before.incident, now), heardAt: now }, now);
    this.#put(
      as,
      {
        incident: as === id ? value : { ...value, id: as },
        firing: goesOn || flapping,
        flapping,
        endedAtAlerts: isEnded ? endedAtAlerts : null,
        heardAt: now,
      },
      now,
    );
  }

  /** What people have said of an incident. */
  said(id: string, said: Said, now: number): void {
    const before = this.#state.said.get(id) ?? NOT_SAID;
    this.#state.said.set(id, said);
    const known = this.#state.known.get(id);
    if (known === undefined || said.endedAt === null || said.endedAt === before.endedAt) return;
    this.#put(id, { ...known, firing: false, flapping: false, endedAtAlerts: known.incident.alerts }, now);
    this.#state.changes.set(scopeOf(known.incident), { ...NO_CHANGES });
  }

  /** What somebody has said of whether an incident was fine, for others of its kind. */
  feedback(id: string, feedback: Feedback | undefined): void {
    if (feedback === undefined) this.#state.feedback.delete(id);
    else this.#state.feedback.set(id, feedback);
  }

  /** When `due` has something to do next; undefined: not before something is heard. */
  nextDue(): number | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const [, { nextFlush }] of this.#state.groups.entries()) next = Math.min(next, nextFlush);
    for (const [, changes] of this.#state.changes.entries()) {
      next = Math.min(next, stableAt(changes, this.#rules.flapping) ?? next);
    }
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  /** What is to be told by now. It counts as told: who asks must not lose it. */
  due(now: number): Notification[] {
    for (const [scope, changes] of [...this.#state.changes.entries()]) this.#settle(scope, changes, now);
    const notifications: Notification[] = [];
    for (const [key, group] of [...this.#state.groups.entries()]) {
      if (group.nextFlush <= now) notifications.push(...this.#flush(key, group, now));
    }
    this.#forget(now);
    return notifications;
  }

  /** The incidents that are known, with whether something keeps them from being told. */
  *overview(now: number): Generator<ToldIncident & { readonly labels: Labels; readonly mutedBy: readonly string[] }> {
    for (const [id, known] of this.#state.known.entries()) {
      const labels = this.#labels(known);
      yield { ...this.#told(id, known), labels, mutedBy: this.#mutedBy({ id, known, labels }, now) };
    }
  }

  #settle(scope: string, changes: Changes, now: number): void {
    const calm = settled(changes, now, this.#rules.flapping);
    if (calm === changes) {
      // A scope of which nothing is heard any more needs no memory.
      const last = changes.times.at(-1) ?? 0;
      if (!changes.goesOn && !changes.flapping && last < now - this.#rules.flapping.withinMs) {
        this.#state.changes.delete(scope);
      }
      return;
    }
    this.#state.changes.set(scope, calm);
    const id = changes.as;
    const known = id === null ? undefined : this.#state.known.get(id);
    if (id !== null && known !== undefined) this.#put(id, { ...known, firing: changes.goesOn, flapping: false }, now);
  }

  #put(id: string, known: Known, now: number): void {
    this.#state.known.set(id, known);
    for (const [key, group] of this.#groupsOf(id)) {
      const nextFlush = Math.min(group.nextFlush, Math.max(now, group.earliest));
      if (nextFlush !== group.nextFlush) this.#state.groups.set(key, { ...group, nextFlush });
    }
    this.#insert(id, known, now);
  }

  #insert(id: string, known: Known, now: number): void {
    for (const route of routesFor(this.#rules.route, this.#labels(known))) {
      // It stays in its group though its labels change: who was told of it is told how it goes on.
      if (this.#groupsOf(id).some(([, group]) => group.route === route.id)) continue;
      const key = groupKeyOf(route, this.#labels(known));
      const group = this.#state.groups.get(key);
      const isDue = known.incident.opened + route.groupWaitMs < now;
      if (group === undefined) {
        const nextFlush = isDue ? now : now + route.groupWaitMs;
        const earliest = nextFlush;
        this.#state.groups.set(key, { route: route.id, members: [id], nextFlush, earliest, hasFlushed: false });
      } else {
        const nextFlush = isDue && !group.hasFlushed ? now : Math.max(now, group.earliest);
        this.#state.groups.set(key, { ...group, members: [...group.members, id], nextFlush });
      }
    }
  }

  #groupsOf(id: string): [string, Group][] {
    return [...this.#state.groups.entries()].filter(([, { members }]) => members.includes(id));
  }

  #flush(key: string, group: Group, now: number): Notification[] {
    const route = this.#routes.get(group.route);
    if (route === undefined) {
      this.#state.groups.delete(key);
      return [];
    }
    const members = group.members.flatMap((id) => {
      const known = this.#state.known.get(id);
      return known === undefined ? [] : [{ id, known, labels: this.#labels(known) }];
    });
    const left = members.filter(({ known }) => known.firing).map(({ id }) => id);
    if (left.length === 0) this.#state.groups.delete(key);
    else {
      const earliest = now + route.groupIntervalMs;
      const nextFlush = Math.max(earliest, now + MIN_LOOK_MS);
      this.#state.groups.set(key, { ...group, members: left, nextFlush, earliest, hasFlushed: true });
    }
    const told = members.filter((looked) => {
      const { known } = looked;
      return (
        this.#mayTell(route, ownTime(known, now)) &&
        this.#mutedBy(looked, now).length === 0 &&
        !(known.firing && this.#isFine(known, now))
      );
    });
    if (told.length === 0) return [];
    return route.channels.flatMap((channel) => this.#tell(channel, route, key, told, now));
  }

  #tell(channel: string, route: Route, group: string, members: readonly Looked[], now: number): Notification[] {
    const tellsResolved = this.#rules.tellsResolved(channel);
    if (tellsResolved === undefined) return [];
    const { repeatIntervalMs } = route;
    const logKey = `${channel}|${group}`;
    const looked = members.map(({ id, known }): Member => {
      return { id, firing: known.firing, severity: known.incident.severity };
    });
    const reason = reasonToTell(this.#state.told.get(logKey), looked, { tellsResolved, repeatIntervalMs, now });
    if (reason === undefined) return [];
    const isKnownToPeople = ({ id, firing }: Member) => !firing || (this.#state.said.get(id) ?? NOT_SAID).acknowledged;
    if (reason === 'repeated' && looked.every(isKnownToPeople)) return [];
    const expires = now + Math.min(REMEMBER_MS, 2 * repeatIntervalMs);
    this.#state.told.set(logKey, { ...toldNow(looked, now), expires });
    const incidents = members
      .filter(({ known }) => known.firing || tellsResolved)
      .map(({ id, known }) => this.#told(id, known))
      .sort(gravestFirst);
    if (incidents.length === 0) return [];
    const groupLabels = Object.fromEntries(route.groupBy.map((name) => [name, members[0]?.labels[name] ?? []]));
    return [{ channel, route: route.id, group, groupLabels, reason, time: now, incidents }];
  }

  #mayTell({ activeIn, mutedIn }: Route, time: number): boolean {
    const isIn = (name: string) => this.#rules.schedules.get(name)?.isIn(time) ?? false;
    return !mutedIn.some(isIn) && (activeIn.length === 0 || activeIn.some(isIn));
  }

  #mutedBy({ id, known, labels }: Looked, now: number): string[] {
    const time = ownTime(known, now);
    const mutes = (silence: Silence) =>
      // Who wants no calls for the next hour gets none of what is read of the past either.
      silence.mutes(labels, time) || (silence.spec.schedule === null && silence.mutes(labels, now));
    const muted = this.#rules.silences.filter(mutes).map(({ spec }) => spec.id);
    if ((this.#state.said.get(id) ?? NOT_SAID).silencedUntil > now) muted.push('of this incident');
    if (isInhibited(this.#rules.inhibitions, labels, this.#goingOn())) muted.push('inhibited');
    if (known.firing && this.#rules.isOfMaintenance?.(known.incident, time)) muted.push('of maintenance');
    return muted;
  }

  #isFine({ incident }: Known, now: number): boolean {
    if (this.#state.feedback.size === 0) return false;
    const all = [...this.#state.feedback.entries()].map(([, feedback]) => feedback);
    return fineUntil(all, incident, now) !== null;
  }

  #goingOn(): Labels[] {
    if (this.#rules.inhibitions.length === 0) return [];
    return [...this.#state.known.entries()].filter(([, { firing }]) => firing).map(([, known]) => this.#labels(known));
  }

  #labels({ incident }: Known): Labels {
    return labelsOf(incident, this.#rules.tenant);
  }

  #told(id: string, { firing, flapping, incident }: Known): ToldIncident {
    const { acknowledged } = this.#state.said.get(id) ?? NOT_SAID;
    return { incident, firing, flapping, acknowledged };
  }

  #forget(now: number): void {
    const grouped = new Set<string>();
    for (const [, { members }] of this.#state.groups.entries()) for (const id of members) grouped.add(id);
    for (const [id, { firing }] of [...this.#state.known.entries()]) {
      if (!firing && !grouped.has(id)) this.#state.known.delete(id);
    }
    for (const [id] of [...this.#state.said.entries()]) {
      if (this.#state.known.get(id) === undefined) this.#state.said.delete(id);
    }
    const fineScopes = new Set<string>();
    for (const [id, { scope, until }] of [...this.#state.feedback.entries()]) {
      if (until !== null && until <= now) this.#state.feedback.delete(id);
      else if (until !== null) fineScopes.add(scope);
    }
    // What takes back is of use as long as there is something to take back.
    for (const [id, { scope }] of [...this.#state.feedback.entries()]) {
      if (!fineScopes.has(scope)) this.#state.feedback.delete(id);
    }
    for (const [key, { expires, firing }] of [...this.#state.told.entries()]) {
      const isOn = Object.keys(firing).some((id) => this.#state.known.get(id) !== undefined);
      if (expires < now && !isOn) this.#state.told.delete(key);
    }
  }
}

function byId(route: Route): ReadonlyMap<string, Route> {
  const routes = new Map<string, Route>([[route.id, route]]);
  for (const child of route.routes) for (const [id, one] of byId(child)) routes.set(id, one);
  return routes;
}

/**
 * The time at which an incident is, when it is looked at: logs of the past are read faster than their time went by, and what
 * is known of it is of then. From when it was last heard of, its time goes by as that of the clock does.
 */
function ownTime({ heardAt, incident }: Known, now: number): number {
  return heardAt === undefined ? now : Math.min(now, incident.updated + now - heardAt);
}

function overAt(incident: Incident, now: number): Incident {
  if (incident.state === 'resolved') return incident;
  return { ...incident, state: 'resolved', resolved: Math.max(now, incident.opened) };
}

function gravestFirst(one: ToldIncident, other: ToldIncident): number {
  const by = Number(other.firing) - Number(one.firing);
  return (
    by ||
    gravityOf(other.incident.severity) - gravityOf(one.incident.severity) ||
    (one.incident.id < other.incident.id ? -1 : 1)
  );
}
