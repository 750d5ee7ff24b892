import type { Labels } from './labels.js';
import { type Matcher, matchersOf, matchesAll } from './matchers.js';

/** How a route groups what it tells, and when it tells it; times are milliseconds. */
export interface Timing {
  readonly groupBy: readonly string[];
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
}

export const DEFAULT_TIMING: Timing = {
  groupBy: ['incident'],
  groupWaitMs: 30_000,
  groupIntervalMs: 5 * 60_000,
  repeatIntervalMs: 4 * 3_600_000,
};

/** A route as it is written: what is left out is as in the route around it. */
export interface RouteSpec extends Partial<Timing> {
  readonly id: string;
  readonly matchers: readonly string[];
  readonly channels?: readonly string[] | undefined;
  /** Whether the next route is asked, too, when this one matches. */
  readonly goesOn: boolean;
  /** Names of schedules in which it tells nothing. */
  readonly mutedIn?: readonly string[] | undefined;
  /** Names of schedules outside of which it tells nothing. */
  readonly activeIn?: readonly string[] | undefined;
  readonly routes: readonly RouteSpec[];
}

/** A route with everything that it has of its own or of those around it. */
export interface Route extends Timing {
  readonly id: string;
  readonly matchers: readonly Matcher[];
  readonly channels: readonly string[];
  readonly goesOn: boolean;
  readonly mutedIn: readonly string[];
  readonly activeIn: readonly string[];
  readonly routes: readonly Route[];
}

/** @throws NotifyError NOTIFY_MATCHER */
export function routeOf(spec: RouteSpec, around: Timing & { readonly channels: readonly string[] }): Route {
  const own = {
    groupBy: spec.groupBy ?? around.groupBy,
    groupWaitMs: spec.groupWaitMs ?? around.groupWaitMs,
    groupIntervalMs: spec.groupIntervalMs ?? around.groupIntervalMs,
    repeatIntervalMs: spec.repeatIntervalMs ?? around.repeatIntervalMs,
    channels: spec.channels ?? around.channels,
  };
  return {
    ...own,
    id: spec.id,
    matchers: matchersOf(spec.matchers),
    goesOn: spec.goesOn,
    // As in Alertmanager, schedules are not inherited.
    mutedIn: spec.mutedIn ?? [],
    activeIn: spec.activeIn ?? [],
    routes: spec.routes.map((child) => routeOf(child, own)),
  };
}

/** The deepest routes that match: of routes beside each other the first, and the next ones as long as they go on. */
export function routesFor(route: Route, labels: Labels): readonly Route[] {
  if (!matchesAll(route.matchers, labels)) return [];
  const found: Route[] = [];
  for (const child of route.routes) {
    const matched = routesFor(child, labels);
    found.push(...matched);
    if (matched.length > 0 && !child.goesOn) break;
  }
  return found.length > 0 ? found : [route];
}

/** Names the group of an incident at a route; `...` groups by all labels. */
export function groupKeyOf(route: Route, labels: Labels): string {
  const names = route.groupBy.includes('...') ? Object.keys(labels) : route.groupBy;
  const values = [...names].sort().map((name) => [name, [...(labels[name] ?? [])].sort()]);
  return `${route.id}:${JSON.stringify(Object.fromEntries(values))}`;
}
