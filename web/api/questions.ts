import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { rangeQuery, type TimeRange } from '../shell/range.js';
import { ApiProblem, answerOf, api, type LogLine } from './client.js';

/** What pages ask the API, each by a key of its own. A range that ends now is asked for again as time goes on. */

const FREQUENT_MS = 5_000;
const SLOW_MS = 20_000;

const often = (range: TimeRange, ms = FREQUENT_MS) => (range.isLive ? ms : (false as const));

export const metricsOf = (range: TimeRange) =>
  queryOptions({
    queryKey: ['metrics', range.from, range.to],
    queryFn: ({ signal }) => answerOf(api.GET('/metrics', { params: { query: rangeQuery(range) }, signal })),
    refetchInterval: often(range),
    placeholderData: keepPreviousData,
  });

export const incidentsOf = (query: { from?: string; state?: 'open'; limit?: string }) =>
  queryOptions({
    queryKey: ['incidents', query],
    queryFn: ({ signal }) => answerOf(api.GET('/incidents', { params: { query: withLimit(query) }, signal })),
    refetchInterval: SLOW_MS,
    placeholderData: keepPreviousData,
  });

function withLimit<T extends { limit?: string }>(query: T) {
  const { limit, ...rest } = query;
  return { ...rest, ...(limit !== undefined && { limit: Number(limit) }) };
}

export const alertsOf = (query: { from?: string; scope?: string; state?: 'opened' | 'resolved' }) =>
  queryOptions({
    queryKey: ['incidents', 'alerts', query],
    queryFn: ({ signal }) => answerOf(api.GET('/anomalies', { params: { query: { ...query, limit: 1000 } }, signal })),
    refetchInterval: SLOW_MS,
    placeholderData: keepPreviousData,
  });

export const incidentOf = (id: string) =>
  queryOptions({
    queryKey: ['incidents', 'one', id],
    queryFn: ({ signal }) => answerOf(api.GET('/incidents/{id}', { params: { path: { id } }, signal })),
    refetchInterval: FREQUENT_MS,
  });

export const servicesOf = () =>
  queryOptions({
    queryKey: ['services'],
    queryFn: ({ signal }) => answerOf(api.GET('/services', { signal })),
    refetchInterval: FREQUENT_MS,
  });

export const serviceOf = (name: string, range: TimeRange) =>
  queryOptions({
    queryKey: ['services', name, range.from, range.to],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/services/{name}', { params: { path: { name }, query: rangeQuery(range) }, signal })),
    refetchInterval: often(range),
    placeholderData: (before) => (before?.latest.service === name ? before : undefined),
  });

export const hostsOf = () =>
  queryOptions({
    queryKey: ['hosts'],
    queryFn: ({ signal }) => answerOf(api.GET('/hosts', { signal })),
    refetchInterval: SLOW_MS,
  });

export const hostOf = (host: string, range: TimeRange) =>
  queryOptions({
    queryKey: ['hosts', host, range.from, range.to],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/hosts/{host}', { params: { path: { host }, query: rangeQuery(range) }, signal })),
    refetchInterval: often(range, SLOW_MS),
    placeholderData: (before) => (before?.latest.host === host ? before : undefined),
  });

/** All hosts together: null where no request has come. */
export const allHostsOf = (range: TimeRange) =>
  queryOptions({
    queryKey: ['hosts', '*', range.from, range.to, 'all'],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/hosts/{host}', { params: { path: { host: '*' }, query: rangeQuery(range) }, signal })).catch(
        orNothing(null),
      ),
    refetchInterval: often(range, SLOW_MS),
    placeholderData: keepPreviousData,
  });

export const sensorsOf = () =>
  queryOptions({
    queryKey: ['sensors'],
    queryFn: ({ signal }) => answerOf(api.GET('/sensors', { signal })),
    refetchInterval: FREQUENT_MS,
  });

export const sensorOf = (id: string, range: TimeRange) =>
  queryOptions({
    queryKey: ['sensors', id, range.from, range.to],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/sensors/{id}', { params: { path: { id }, query: rangeQuery(range) }, signal })),
    refetchInterval: often(range),
    placeholderData: (before) => (before?.latest.sensor_id === id ? before : undefined),
  });

export type Goal = '1' | '2' | '3' | '4' | 'server-errors';

export const goalOf = (goal: Goal, range: TimeRange, limit: number) =>
  queryOptions({
    queryKey: ['goals', goal, range.from, range.to, limit],
    queryFn: ({ signal }) =>
      answerOf(
        api.GET('/goals/{goal}', { params: { path: { goal }, query: { ...rangeQuery(range), limit } }, signal }),
      ),
    refetchInterval: often(range),
    placeholderData: keepPreviousData,
  });

export const topicsOf = () =>
  queryOptions({
    queryKey: ['topics'],
    queryFn: ({ signal }) => answerOf(api.GET('/topics', { signal })),
    refetchInterval: FREQUENT_MS,
  });

/** What SQL can read. */
export const tablesOf = () =>
  queryOptions({
    queryKey: ['query', 'tables'],
    // There is none until the first lines are stored.
    queryFn: ({ signal }) => answerOf(api.GET('/query/tables', { signal })).catch(orNothing({ items: [] })),
    refetchInterval: ({ state }) => (state.data?.items.length === 0 ? FREQUENT_MS : false),
    staleTime: 60_000,
  });

/** What there is not yet is no error. */
function orNothing<N>(nothing: N): (error: unknown) => N {
  return (error) => {
    if (error instanceof ApiProblem && error.status === 404) return nothing;
    throw error;
  };
}

interface LinesQuery {
  readonly source: LogLine['kind'];
  readonly q: string;
  readonly fields?: string;
}

/** How many lines fit a search, over time. */
export const histogramOf = (query: LinesQuery & { readonly from: string; readonly to?: string }) =>
  queryOptions({
    queryKey: ['histogram', query],
    queryFn: ({ signal }) => answerOf(api.GET('/logs/histogram', { params: { query }, signal })),
  });

export const facetsOf = (query: LinesQuery, range: TimeRange) =>
  queryOptions({
    queryKey: ['facets', { ...query, ...rangeQuery(range) }],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/logs/facets', { params: { query: { ...query, ...rangeQuery(range) } }, signal })),
    refetchInterval: often(range),
    placeholderData: keepPreviousData,
  });
