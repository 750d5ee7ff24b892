import { describe, expect, it } from 'vitest';
import { labelsOf } from '../../../notify/labels.js';
import { DEFAULT_TIMING, groupKeyOf, type RouteSpec, routeOf, routesFor } from '../../../notify/routing.js';
import { anIncident } from './incident.js';

const leaf = (
  id: string,
  matchers: readonly string[],
  goesOn = false,
  routes: readonly RouteSpec[] = [],
): RouteSpec => ({
  ...{ id, matchers, goesOn, routes, channels: [id] },
});

/** The tree of Alertmanager's documentation in small: databases, then two teams that both may be told. */
const TREE = routeOf(
  leaf('root', [], false, [
    leaf('db', ['scope=~"db-.*"'], false, [leaf('db-critical', ['severity="critical"'])]),
    leaf('audit', ['source="service"'], true),
    leaf('web', ['source=~"web|service"']),
    leaf('late', ['source="service"']),
  ]),
  { ...DEFAULT_TIMING, channels: [] },
);

describe('the routes of an incident', () => {
  it.each([
    ['the deepest that matches', { scope: 'db-1', severity: 'critical' as const }, ['db-critical']],
    ['the one around them when none below matches', { scope: 'db-1' }, ['db']],
    ['the next ones as long as they go on', { scope: 'api' }, ['audit', 'web']],
    ['the first when it does not go on', { scope: 'api', source_kind: 'web' as const }, ['web']],
    ['the root when nothing else matches', { scope: 'api', source_kind: 'sensor' as const }, ['root']],
  ])('are %s', (_, changes, expected) => {
    expect(routesFor(TREE, labelsOf(anIncident('i', changes))).map(({ id }) => id)).toEqual(expected);
  });

  it('inherit what they leave out', () => {
    const route = routeOf(
      {
        id: 'a',
        matchers: [],
        goesOn: false,
        groupWaitMs: 1,
        channels: ['x'],
        routes: [{ id: 'b', matchers: [], goesOn: false, routes: [] }],
      },
      { ...DEFAULT_TIMING, channels: [] },
    );
    expect(route.routes[0]).toMatchObject({ groupWaitMs: 1, groupIntervalMs: 300_000, channels: ['x'] });
  });

  it('group by the values of labels, in any order', () => {
    const route = { ...TREE, groupBy: ['entity', 'source'] };
    const one = groupKeyOf(route, labelsOf(anIncident('1', { entities: ['a', 'b'] })));
    expect(groupKeyOf(route, labelsOf(anIncident('2', { entities: ['b', 'a'] })))).toBe(one);
    expect(groupKeyOf(route, labelsOf(anIncident('3', { entities: ['b'] })))).not.toBe(one);
    const all = { ...TREE, groupBy: ['...'] };
    expect(groupKeyOf(all, labelsOf(anIncident('1')))).not.toBe(groupKeyOf(all, labelsOf(anIncident('2'))));
  });
});
