import { z } from 'zod';

/** Where the data sources are, and the range of time that is asked for. */
export interface Sources {
  readonly influxUrl: string;
  readonly elasticsearchUrl: string;
  readonly prometheusUrl: string | undefined;
  readonly from: number;
  readonly to: number;
}

const source = z.object({ type: z.string(), uid: z.string() });
const target = z.looseObject({ refId: z.string(), datasource: source });
const variable = z.looseObject({
  name: z.string(),
  type: z.string(),
  datasource: source.optional(),
  query: z.unknown(),
});
const panel = z.object({
  title: z.string(),
  type: z.string(),
  interval: z.string().optional(),
  targets: z.array(target).default([]),
});
export const dashboard = z.object({
  title: z.string(),
  panels: z.array(panel),
  templating: z.object({ list: z.array(variable) }),
  annotations: z.object({ list: z.array(z.object({ name: z.string(), target })) }),
});
type Target = z.output<typeof target>;

/** Of each variable the values that there are: all of them are chosen. */
export type Values = ReadonlyMap<string, readonly string[]>;

const MS = { s: 1000, m: 60_000 } as const;
const STEPS = 200;
const RATE_INTERVAL = '30s';

/** The values of the variables of a dashboard, which may stand on those before. */
export async function valuesOf(
  variables: z.output<typeof dashboard>['templating']['list'],
  sources: Sources,
): Promise<Values> {
  const values = new Map<string, readonly string[]>();
  for (const { datasource, name, query, type } of variables) {
    if (type !== 'query') continue;
    values.set(name, await optionsOf(datasource?.type, query, values, sources));
  }
  return values;
}

async function optionsOf(
  type: string | undefined,
  query: unknown,
  values: Values,
  sources: Sources,
): Promise<string[]> {
  if (type === 'influxdb') {
    const series = await influxSeries(z.string().parse(query), sources);
    return series.flatMap(({ values: rows }) => rows.map((row) => String(row[1])));
  }
  if (type === 'elasticsearch') {
    const { field, size } = z
      .object({ find: z.literal('terms'), field: z.string(), size: z.int() })
      .parse(parsed(query));
    const answer = await search(sources, { size: 0, aggs: { '1': { terms: { field, size } } } });
    return buckets(answer.aggregations['1']).map(({ key }) => String(key));
  }
  const { query: call } = z.object({ query: z.string() }).parse(query);
  const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(call) ?? [];
  const match = encodeURIComponent(withValues(selector, values, (all) => all.map(regex).join('|')));
  return z.array(z.string()).parse(await prometheus(sources, `label/${label}/values?match[]=${match}`));
}

const parsed = (json: unknown): unknown => JSON.parse(z.string().parse(json));

/** @returns how many values it gives that are not null */
export async function countOf(
  asked: Target,
  every: string | undefined,
  values: Values,
  sources: Sources,
): Promise<number> {
  switch (asked.datasource.type) {
    case 'influxdb':
      return influxCount(z.string().parse(asked['query']), every, values, sources);
    case 'prometheus':
      return prometheusCount(asked, values, sources);
    case 'elasticsearch':
      return elasticsearchCount(asked, values, sources);
    default:
      throw new Error(`no such data source: ${asked.datasource.type}`);
  }
}

/** As Grafana puts the values of a variable into a text. */
function withValues(text: string, values: Values, format: (values: readonly string[]) => string): string {
  let filled = text;
  for (const [name, all] of values) filled = filled.replaceAll(`$${name}`, format(all));
  return filled;
}

const regex = (value: string) => value.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

async function influxCount(
  query: string,
  every: string | undefined,
  values: Values,
  sources: Sources,
): Promise<number> {
  const { from, to } = sources;
  const filled = withValues(query, values, (all) => `(${all.map(regex).join('|')})`)
    .replaceAll('$timeFilter', `time >= ${from}ms and time <= ${to}ms`)
    .replaceAll('$__interval', every ?? '10s');
  const series = await influxSeries(filled, sources);
  return series.flatMap(({ values: rows }) => rows).filter((row) => row.slice(1).some((value) => value !== null))
    .length;
}

const influxAnswer = z.object({
  results: z.array(
    z.object({
      error: z.string().optional(),
      series: z.array(z.object({ values: z.array(z.array(z.unknown())) })).default([]),
    }),
  ),
});

async function influxSeries(query: string, { influxUrl }: Sources) {
  const body = new URLSearchParams({ db: 'millrace', epoch: 'ms', q: query });
  const response = await fetch(`${influxUrl}/query`, { method: 'POST', body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${query}: ${text}`);
  const { results } = influxAnswer.parse(JSON.parse(text));
  const error = results.find((result) => result.error !== undefined)?.error;
  if (error !== undefined) throw new Error(`${query}: ${error}`);
  return results.flatMap(({ series }) => series);
}

/** Whatever the API of Prometheus answers. @throws Error with what it says is wrong */
export async function prometheus({ prometheusUrl }: Pick<Sources, 'prometheusUrl'>, path: string): Promise<unknown> {
  const answer = (await (await fetch(`${prometheusUrl}/api/v1/${path}`)).json()) as { data?: unknown; error?: string };
  if (answer.error !== undefined) throw new Error(`${path}: ${answer.error}`);
  return answer.data;
}

const promResult = z.object({
  result: z.array(
    z.object({ value: z.tuple([z.number(), z.string()]).optional(), values: z.array(z.array(z.unknown())).optional() }),
  ),
});

/** Values that are numbers: a quantile of nothing is none. */
async function prometheusCount(asked: Target, values: Values, sources: Sources): Promise<number> {
  const expr = withValues(z.string().parse(asked['expr']), values, (all) => `(${all.map(regex).join('|')})`)
    .replaceAll('$__rate_interval', RATE_INTERVAL)
    // In a string of PromQL a backslash stands for itself when there are two.
    .replaceAll('\\', '\\\\');
  const { to } = sources;
  const query = encodeURIComponent(expr);
  const path =
    asked['instant'] === true
      ? `query?query=${query}`
      : `query_range?query=${query}&start=${to / 1000 - 120}&end=${to / 1000}&step=2`;
  const { result } = promResult.parse(await prometheus(sources, path));
  return result
    .flatMap(({ value, values: range = [] }) => [...(value === undefined ? [] : [value]), ...range])
    .filter(([, value]) => Number.isFinite(Number(value))).length;
}

const aggregation = z.object({ buckets: z.array(z.looseObject({ key: z.unknown(), doc_count: z.int() })) });
const buckets = (aggregated: unknown) => aggregation.parse(aggregated).buckets;

const elasticsearchModel = z.object({
  query: z.string(),
  timeField: z.string(),
  metrics: z.tuple([
    z.object({ type: z.enum(['count', 'raw_data']), settings: z.object({ size: z.string() }).optional() }),
  ]),
  bucketAggs: z.array(
    z.discriminatedUnion('type', [
      z.object({
        type: z.literal('terms'),
        ...{ id: z.string(), field: z.string() },
        settings: z.object({
          size: z.string(),
          order: z.string(),
          orderBy: z.literal('_count'),
          min_doc_count: z.string(),
        }),
      }),
      z.object({
        type: z.literal('date_histogram'),
        ...{ id: z.string(), field: z.string() },
        settings: z.object({ interval: z.literal('auto'), min_doc_count: z.string() }),
      }),
    ]),
  ),
});
type Bucket = z.output<typeof elasticsearchModel>['bucketAggs'][number];

/** How many documents, or documents in buckets, there are. */
async function elasticsearchCount(asked: Target, values: Values, sources: Sources): Promise<number> {
  const { bucketAggs, metrics, query, timeField } = elasticsearchModel.parse(asked);
  const { from, to } = sources;
  const lucene = withValues(query, values, (all) => `(${all.map((value) => JSON.stringify(value)).join(' OR ')})`);
  const filter = [
    { range: { [timeField]: { gte: from, lte: to, format: 'epoch_millis' } } },
    { query_string: { analyze_wildcard: true, query: lucene } },
  ];
  const body = { size: Number(metrics[0].settings?.size ?? 0), query: { bool: { filter } } };
  const answer = await search(sources, { ...body, ...nested(bucketAggs, sources) });
  if (bucketAggs[0] === undefined) return answer.hits.hits.length;
  return buckets(answer.aggregations[bucketAggs[0].id]).reduce((sum, { doc_count }) => sum + doc_count, 0);
}

function nested([first, ...others]: readonly Bucket[], sources: Sources): Readonly<Record<string, unknown>> {
  if (first === undefined) return {};
  return { aggs: { [first.id]: { ...bucketOf(first, sources), ...nested(others, sources) } } };
}

function bucketOf({ field, settings, type }: Bucket, { from, to }: Sources): Readonly<Record<string, unknown>> {
  const min_doc_count = Number(settings.min_doc_count);
  if (type === 'terms') {
    const { order, size } = settings;
    return { terms: { field, min_doc_count, size: Number(size), order: { _count: order } } };
  }
  const fixed_interval = `${Math.max(1, Math.round((to - from) / STEPS / MS.s))}s`;
  return {
    date_histogram: {
      field,
      min_doc_count,
      fixed_interval,
      extended_bounds: { min: from, max: to },
      format: 'epoch_millis',
    },
  };
}

const searchAnswer = z.object({
  hits: z.object({ hits: z.array(z.unknown()) }),
  aggregations: z.record(z.string(), z.unknown()).default({}),
});

async function search({ elasticsearchUrl }: Sources, body: unknown): Promise<z.output<typeof searchAnswer>> {
  const response = await fetch(`${elasticsearchUrl}/alerts/_search`, {
    ...{ method: 'POST', body: JSON.stringify(body) },
    headers: { 'content-type': 'application/json' },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return searchAnswer.parse(JSON.parse(text));
}
