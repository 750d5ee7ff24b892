import { queryOptions } from '@tanstack/react-query';
import { answerOf, api, type Schemas } from '../../api/client.js';

const SLOW_MS = 20_000;
const OFTEN_MS = 5_000;

/** A route as it is edited: what it asks for, whom it tells, and when. Times are milliseconds. */
export interface AlertRoute {
  readonly id: string;
  readonly position: number;
  readonly matchers: readonly string[];
  readonly channels: readonly string[];
  readonly continue: boolean;
  readonly group_by: readonly string[] | undefined;
  readonly group_wait: number | undefined;
  readonly group_interval: number | undefined;
  readonly repeat_interval: number | undefined;
  readonly mute_schedules: readonly string[];
  readonly active_schedules: readonly string[];
}

/** A route of the file, with those below it. */
export interface FileRoute extends Omit<AlertRoute, 'id' | 'position'> {
  readonly routes: readonly FileRoute[];
}

type Fields = Readonly<Record<string, unknown>>;

const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

function routeFields(one: Fields): Omit<AlertRoute, 'id' | 'position'> {
  return {
    matchers: textsOf(one['matchers']),
    channels: textsOf(one['channels']),
    continue: one['continue'] === true,
    group_by: Array.isArray(one['group_by']) ? textsOf(one['group_by']) : undefined,
    group_wait: numberOf(one['group_wait']),
    group_interval: numberOf(one['group_interval']),
    repeat_interval: numberOf(one['repeat_interval']),
    mute_schedules: textsOf(one['mute_schedules']),
    active_schedules: textsOf(one['active_schedules']),
  };
}

export function routeOf(one: Fields): AlertRoute {
  return { id: String(one['id'] ?? ''), position: numberOf(one['position']) ?? 0, ...routeFields(one) };
}

function fileRouteOf(value: unknown): FileRoute | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const one = value as Fields;
  const routes = Array.isArray(one['routes']) ? one['routes'] : [];
  return { ...routeFields(one), routes: routes.flatMap((below) => fileRouteOf(below) ?? []) };
}

export const routesOf = () =>
  queryOptions({
    queryKey: ['alerting', 'routes'],
    queryFn: async ({ signal }) => {
      const { file, items } = await answerOf(api.GET('/routes', { signal }));
      return { items: items.map(routeOf), file: fileRouteOf(file) };
    },
    refetchInterval: SLOW_MS,
  });

export const channelsOf = () =>
  queryOptions({
    queryKey: ['alerting', 'channels'],
    queryFn: ({ signal }) => answerOf(api.GET('/channels', { params: { query: { limit: 1000 } }, signal })),
    refetchInterval: SLOW_MS,
  });

export const deliveriesOf = (state: Schemas['Delivery']['state'] | undefined, limit: number) =>
  queryOptions({
    queryKey: ['alerting', 'deliveries', state, limit],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/deliveries', { params: { query: { limit, ...(state !== undefined && { state }) } }, signal })),
    refetchInterval: OFTEN_MS,
  });

export interface Silence {
  readonly id: string;
  readonly state: Schemas['Silence']['state'];
  readonly origin: Schemas['Silence']['origin'];
  readonly matchers: readonly string[];
  readonly from: number;
  readonly until: number | null;
  readonly schedule: string | null;
  readonly reason: string;
  readonly by: string;
}

export const silencesOf = () =>
  queryOptions({
    queryKey: ['alerting', 'silences'],
    queryFn: async ({ signal }) => {
      const { items } = await answerOf(api.GET('/silences', { params: { query: { limit: 1000 } }, signal }));
      return items.map(
        (one): Silence => ({
          ...{ id: one.id, state: one.state, origin: one.origin },
          matchers: textsOf(one['matchers']),
          from: numberOf(one['from']) ?? 0,
          until: numberOf(one['until']) ?? null,
          schedule: typeof one['schedule'] === 'string' ? one['schedule'] : null,
          reason: String(one['reason'] ?? ''),
          by: String(one['by'] ?? ''),
        }),
      );
    },
    refetchInterval: OFTEN_MS,
  });

export const feedbackOf = () =>
  queryOptions({
    queryKey: ['alerting', 'feedback'],
    queryFn: async ({ signal }) =>
      (await answerOf(api.GET('/feedback', { params: { query: { limit: 200 } }, signal }))).items,
    refetchInterval: SLOW_MS,
  });

export interface Schedule {
  readonly name: string;
  readonly origin: Schemas['Schedule']['origin'];
  readonly cron: string;
  readonly duration: number;
  readonly time_zone: string;
}

export const schedulesOf = () =>
  queryOptions({
    queryKey: ['alerting', 'schedules'],
    queryFn: async ({ signal }) => {
      const { items } = await answerOf(api.GET('/schedules', { signal }));
      return items.map(
        (one): Schedule => ({
          ...{ name: one.name, origin: one.origin, cron: String(one['cron'] ?? '') },
          ...{ duration: numberOf(one['duration']) ?? 0, time_zone: String(one['time_zone'] ?? 'UTC') },
        }),
      );
    },
    refetchInterval: SLOW_MS,
  });

export interface Inhibition {
  readonly id: string;
  readonly origin: Schemas['Inhibition']['origin'];
  readonly source_matchers: readonly string[];
  readonly target_matchers: readonly string[];
  readonly equal: readonly string[];
}

export const inhibitionsOf = () =>
  queryOptions({
    queryKey: ['alerting', 'inhibitions'],
    queryFn: async ({ signal }) => {
      const { items } = await answerOf(api.GET('/inhibitions', { signal }));
      return items.map(
        (one): Inhibition => ({
          ...{ id: one.id, origin: one.origin, equal: textsOf(one['equal']) },
          source_matchers: textsOf(one['source_matchers']),
          target_matchers: textsOf(one['target_matchers']),
        }),
      );
    },
    refetchInterval: SLOW_MS,
  });

export const flappingOf = () =>
  queryOptions({
    queryKey: ['alerting', 'flapping'],
    queryFn: ({ signal }) => answerOf(api.GET('/flapping', { signal })),
    staleTime: SLOW_MS,
  });
