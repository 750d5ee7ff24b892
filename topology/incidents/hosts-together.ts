import type { Counted } from '../../schemas/records.js';

/** Scopes of hosts begin with it. */
const HOSTS = 'web/';
/** The scope of all hosts together, under which alerts of hosts are put together. */
export const ALL_HOSTS_SCOPE = `${HOSTS}*`;
/** What hosts and all hosts together tell of within this time began together: two windows, and one to find it. */
const TOGETHER_MS = 180_000;
/** A host that makes so much of what is unusual of all makes it. */
const MOST = 0.75;
/** Its hosts have failures; the others' have requests. */
const OF_FAILURES = 'high-error-rate';

/** Under which name the alerts of a scope are put together into incidents: hosts show each other's. */
export function familyOf(scope: string): string {
  return scope.startsWith(HOSTS) ? ALL_HOSTS_SCOPE : scope;
}

/** What is compared of alerts of hosts. */
export interface HostAlert {
  readonly id: string;
  readonly scope: string;
  readonly detectors: readonly string[];
  readonly opened: number;
  readonly windowMs?: number;
  readonly resolved: number | null;
  /** Undefined of what is several alerts. */
  readonly measured?: Measured;
  /** Whose incident it is, where that is settled. */
  readonly home?: string;
}

/** How much was unusual, when it was told. */
export interface Measured {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
  /** How much of it each host had: of an alert of all together. */
  readonly hosts: readonly Counted[] | null;
}

type Single = HostAlert & { readonly measured: Measured };

/**
 * Says whose incident each alert is, by its id. What all hosts together show is an incident of the host that makes it, where
 * one does; where several change at once, they show what is one of all. It follows from the alerts alone, in whatever order
 * they have come.
 *
 * @param alerts of one family, in the order of their begins
 * @returns the scopes; an alert that it lacks is of its own scope
 */
export function homesOf(alerts: readonly HostAlert[], quietMs: number): ReadonlyMap<string, string> {
  const homes = new Map<string, string>();
  for (const { home, id } of alerts) if (home !== undefined) homes.set(id, home);
  const single = alerts.filter(isSingle);
  const ofAll = single.filter(({ scope }) => scope === ALL_HOSTS_SCOPE);
  if (ofAll.length === 0) return homes;
  const ofHosts = single.filter(({ scope }) => scope !== ALL_HOSTS_SCOPE);
  const meet = (one: HostAlert, other: HostAlert) => doMeet(one, other, quietMs);
  const settle = ({ id }: HostAlert, home: string) => homes.has(id) || homes.set(id, home);

  const undecided: Single[] = [];
  for (const all of ofAll) {
    const same = ofHosts.filter((one) => one.detectors[0] === all.detectors[0] && meet(one, all));
    const found = causeOf(all, same);
    if (found === undefined) undecided.push(all);
    else settle(all, found);
    if (found !== ALL_HOSTS_SCOPE) continue;
    const joined = new Set(same.filter((one) => beganTogether(one, all)).map(({ scope }) => scope));
    // It may come again while all go on.
    for (const one of same) {
      if (joined.has(one.scope) && beginOf(one) >= beginOf(all) - TOGETHER_MS) settle(one, ALL_HOSTS_SCOPE);
    }
  }
  // What does not say whose it is, such as response times that are mixed otherwise, is of what else there is at that time.
  for (const all of undecided) {
    const decided = ofAll.find((one) => homes.has(one.id) && meet(one, all));
    if (decided !== undefined) settle(all, homes.get(decided.id) ?? ALL_HOSTS_SCOPE);
  }
  // What nobody has does not spread.
  if (!ofHosts.some(({ id }) => homes.get(id) === ALL_HOSTS_SCOPE)) return homes;
  for (const one of ofHosts) {
    const spread = ofHosts.find(
      (other) => other.scope === one.scope && homes.get(other.id) === ALL_HOSTS_SCOPE && meet(one, other),
    );
    if (spread !== undefined && beganTogether(one, spread)) settle(one, ALL_HOSTS_SCOPE);
  }
  return homes;
}

function isSingle(alert: HostAlert): alert is Single {
  return alert.measured !== undefined;
}

/** The scope of whose incident it is; undefined: that cannot be told. @param same what hosts tell of the same detector */
function causeOf(all: Single, same: readonly Single[]): string | undefined {
  const together = new Set(same.filter((one) => beganTogether(one, all)).map(({ scope }) => scope));
  if (all.measured.hosts === null) {
    return together.size > 1 ? ALL_HOSTS_SCOPE : [...together][0];
  }
  const [most] = partsOf(all, same);
  if (most === undefined) return ALL_HOSTS_SCOPE;
  // Where several fail at once, each has failures: one makes them that has most of all.
  const needed =
    isOfFailures(all) && together.size > 1 ? all.measured.value : outside(all.measured.value, all.measured);
  return most.amount >= MOST * needed ? most.scope : ALL_HOSTS_SCOPE;
}

interface Part {
  readonly scope: string;
  readonly amount: number;
}

/** What each host adds to what is unusual of all, in its unit: the most first. */
function partsOf(all: Single, same: readonly Single[]): Part[] {
  const { hosts, value } = all.measured;
  const counts = new Map(hosts?.map(({ count, value: host }) => [HOSTS + host, count]));
  const amounts = new Map<string, number>();
  const sum = [...counts.values()].reduce((total, count) => total + count, 0);
  for (const { measured, scope } of same) {
    const count = counts.get(scope) ?? 0;
    const amount = isOfFailures(all) ? (sum === 0 ? 0 : (count / sum) * value) : outside(count, measured);
    amounts.set(scope, Math.max(amount, amounts.get(scope) ?? 0));
  }
  return [...amounts]
    .filter(([, amount]) => amount > 0)
    .map(([scope, amount]) => ({ scope, amount }))
    .sort((one, other) => other.amount - one.amount || (one.scope < other.scope ? -1 : 1));
}

function isOfFailures({ detectors }: HostAlert): boolean {
  return detectors[0] === OF_FAILURES;
}

/** How far a value is from what was to be expected. */
function outside(value: number, { high, low }: Measured): number {
  return Math.max(high === null ? 0 : value - high, low === null ? 0 : low - value, 0);
}

function beginOf({ opened, windowMs = 0 }: HostAlert): number {
  return opened - windowMs;
}

function beganTogether(one: HostAlert, other: HostAlert): boolean {
  return Math.abs(beginOf(one) - beginOf(other)) <= TOGETHER_MS;
}

function doMeet(one: HostAlert, other: HostAlert, quietMs: number): boolean {
  const endOf = ({ resolved }: HostAlert) => (resolved ?? Number.POSITIVE_INFINITY) + quietMs;
  return beginOf(one) <= endOf(other) && beginOf(other) <= endOf(one);
}
