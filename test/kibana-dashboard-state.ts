import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/**
 * The body of `PUT /api/dashboards/{id}` of Kibana 9.5, as far as the dashboards here use it: what it may contain, what it
 * has to, and nothing else, as Kibana refuses keys that it does not know. Written after the schemas in Kibana's
 * repository: `as-code/dashboard-schema/src/schemas`, `as-code/data-views-schema/src` and
 * `kbn-lens-embeddable-utils/config_builder/schema` (`metric_ops`, `bucket_ops`, `filter`, `shared`, `charts/metric`,
 * `charts/xy`, `charts/datatable`, `charts/treemap`), all in `src/platform/packages/shared`.
 */
const FOLDER = fileURLToPath(new URL('../deploy/kibana/dashboards/', import.meta.url));
const GRID_COLUMNS = 48;
const MOST_PANELS = 100;

const query = z.strictObject({ expression: z.string(), language: z.enum(['kql', 'lucene']) });
const dataView = z.strictObject({ type: z.literal('data_view_reference'), ref_id: z.string() });

const label = z.string().optional();
const ofField = { field: z.string(), label, filter: query.optional() };
const count = z.strictObject({ ...ofField, operation: z.literal('count'), field: z.string().optional() });
const overField = z.strictObject({
  ...ofField,
  operation: z.enum(['unique_count', 'sum', 'min', 'max', 'average', 'median', 'standard_deviation']),
});
const percentile = z.strictObject({ ...ofField, operation: z.literal('percentile'), percentile: z.number() });
const metric = z.discriminatedUnion('operation', [count, overField, percentile]);

const dateHistogram = z.strictObject({
  ...{ operation: z.literal('date_histogram'), field: z.string(), label },
  ...{ suggested_interval: z.string().optional(), include_empty_rows: z.boolean().optional() },
});
const terms = z.strictObject({
  ...{ operation: z.literal('terms'), fields: z.array(z.string()).min(1), limit: z.int().min(1), label },
  rank_by: z
    .strictObject({ type: z.literal('metric'), metric_index: z.int().min(0), direction: z.enum(['asc', 'desc']) })
    .optional(),
});
const filters = z.strictObject({
  ...{ operation: z.literal('filters'), label },
  filters: z.array(z.strictObject({ filter: query, label })),
});
const bucket = z.discriminatedUnion('operation', [dateHistogram, terms, filters]);

const PRIMARY = { type: z.literal('primary') };
const ofChart = { title: z.string().optional(), description: z.string().optional(), query: query.optional() };
const visConfig = z.discriminatedUnion('type', [
  z.strictObject({
    ...{ ...ofChart, type: z.literal('metric'), data_source: dataView },
    metrics: z
      .array(
        z.discriminatedUnion('operation', [
          count.extend(PRIMARY),
          overField.extend(PRIMARY),
          percentile.extend(PRIMARY),
        ]),
      )
      .min(1)
      .max(1),
  }),
  z.strictObject({
    ...{ ...ofChart, type: z.literal('xy') },
    legend: z.strictObject({ visibility: z.enum(['auto', 'visible', 'hidden']), position: z.enum(['left', 'right']) }),
    layers: z
      .array(
        z.strictObject({
          ...{ type: z.enum(['bar', 'bar_stacked', 'line', 'area']), data_source: dataView },
          ...{ x: bucket.optional(), y: z.array(metric).min(1).max(100), breakdown_by: bucket.optional() },
        }),
      )
      .min(1)
      .max(100),
  }),
  z.strictObject({
    ...{ ...ofChart, type: z.literal('data_table'), data_source: dataView },
    ...{ metrics: z.array(metric).min(1).max(1000), rows: z.array(bucket).min(1).max(50).optional() },
  }),
  z.strictObject({
    ...{ ...ofChart, type: z.literal('treemap'), data_source: dataView },
    ...{ metrics: z.array(metric).min(1).max(100), group_by: z.array(bucket).min(1).max(2).optional() },
  }),
]);

const grid = z.strictObject({ x: z.int(), y: z.int(), w: z.int().min(1).max(GRID_COLUMNS), h: z.int().min(1) });
const panel = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('vis'), grid, config: visConfig }),
  z.strictObject({ type: z.literal('discover_session'), grid, config: z.strictObject({ ref_id: z.string() }) }),
]);

export const dashboardState = z.strictObject({
  ...{ title: z.string().min(1), description: z.string().optional() },
  time_range: z.strictObject({ from: z.string(), to: z.string() }).optional(),
  refresh_interval: z.strictObject({ pause: z.boolean(), value: z.number() }).optional(),
  options: z.strictObject({
    ...{ use_margins: z.boolean().optional(), hide_panel_titles: z.boolean().optional() },
    ...{ sync_colors: z.boolean().optional(), sync_cursor: z.boolean().optional() },
  }),
  panels: z.array(panel).max(MOST_PANELS),
});
type StatePanel = z.output<typeof panel>;

/** The files that are committed, by the ids of their dashboards. */
export function dashboardFiles(): ReadonlyMap<string, unknown> {
  const read = (name: string) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8'));
  return new Map(readdirSync(FOLDER).map((name) => [basename(name, '.json'), read(name)]));
}

/** What a panel asks of which index or search, in the form in which it can be compared with that of a saved object. */
export function askedBy({ config, grid: place, type }: StatePanel) {
  if (type === 'discover_session') return { place, search: config.ref_id };
  const [data, metrics, buckets] = partsOf(config);
  return {
    ...{
      place,
      title: config.title,
      index: data.ref_id.replace('millrace-', ''),
      query: config.query?.expression ?? '',
    },
    metrics: metrics.map((one) => ({
      ...{ operation: one.operation, field: one.field, label: one.label },
      percentile: 'percentile' in one ? one.percentile : undefined,
    })),
    buckets: buckets.map((one) => ({
      ...{ operation: one.operation, fields: 'fields' in one ? one.fields : 'field' in one ? [one.field] : [] },
      size: 'limit' in one ? one.limit : undefined,
      filters: 'filters' in one ? one.filters.map(({ filter, label: name }) => [name, filter.expression]) : undefined,
    })),
  };
}

type VisConfig = z.output<typeof visConfig>;

function partsOf(
  config: VisConfig,
): [z.output<typeof dataView>, readonly z.output<typeof metric>[], readonly z.output<typeof bucket>[]] {
  switch (config.type) {
    case 'metric':
      return [config.data_source, config.metrics, []];
    case 'data_table':
      return [config.data_source, config.metrics, config.rows ?? []];
    case 'treemap':
      return [config.data_source, config.metrics, config.group_by ?? []];
    case 'xy': {
      const [layer] = config.layers;
      if (layer === undefined) throw new Error(`${config.title} has no layer`);
      const { breakdown_by: by, data_source: data, x, y } = layer;
      return [data, y, [by, x].filter((one) => one !== undefined)];
    }
  }
}
