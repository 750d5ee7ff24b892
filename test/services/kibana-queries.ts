import { type Column, dashboardPanels, type KibanaObject, searchSource } from '../kibana-objects.js';

/** What Kibana would ask Elasticsearch for an object: a chart's aggregations, or a search's newest documents. */
interface Question {
  readonly title: string;
  readonly index: string;
  readonly body: object;
}

const LENGTH_OF_BUCKET = '30s';

/** @returns the titles of the charts of a dashboard, or of the searches in it, that Elasticsearch finds nothing for */
export async function emptyPanels(
  dashboard: KibanaObject,
  searches: readonly KibanaObject[],
  elasticsearchUrl: string,
): Promise<string[]> {
  const empty: string[] = [];
  for (const { body, index, title } of questionsOf(dashboard, searches)) {
    const response = await fetch(`${elasticsearchUrl}/${index}/_search?track_total_hits=true`, {
      ...{ method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${title}: ${text}`);
    const { _shards, aggregations, hits } = JSON.parse(text);
    if (_shards.failed > 0) throw new Error(`${title}: ${JSON.stringify(_shards.failures)}`);
    if (hits.total.value === 0 || !hasValue(aggregations)) empty.push(title);
  }
  return empty;
}

function questionsOf(dashboard: KibanaObject, searches: readonly KibanaObject[]): Question[] {
  return dashboardPanels(dashboard).map((panel) => {
    if (panel.kind === 'lens') {
      const ordered = panel.columnOrder.map((id) => [id, panel.columns[id]] as const);
      const aggs = nested(ordered.flatMap(([id, column]) => (column === undefined ? [] : [[id, column] as const])));
      return { title: panel.title, index: panel.index, body: { size: 0, query: queryString(panel.query), aggs } };
    }
    const search = searches.find(({ id }) => id === panel.search);
    if (search === undefined) throw new Error(`there is no search ${panel.search}`);
    const { columns, index, query } = searchSource(search);
    const fields = columns.map((field) => ({ field }));
    const body = { size: 20, query: queryString(query), sort: [{ '@timestamp': 'desc' }], fields };
    return { title: search.id, index, body };
  });
}

function queryString(query: string): object {
  return query === '' ? { match_all: {} } : { query_string: { query, analyze_wildcard: true } };
}

/** Buckets in each other, in the order of the columns, and the metrics in the innermost. */
function nested(columns: readonly (readonly [string, Column])[]): object {
  const [first, ...rest] = columns;
  if (first === undefined) return {};
  const [id, column] = first;
  if (!column.isBucketed) return { ...measure(id, column), ...nested(rest) };
  return { [id]: { ...bucket(column, rest), aggs: nested(rest) } };
}

function bucket({ operationType, params, sourceField }: Column, rest: readonly (readonly [string, Column])[]): object {
  switch (operationType) {
    case 'date_histogram':
      return { date_histogram: { field: sourceField, fixed_interval: LENGTH_OF_BUCKET, min_doc_count: 1 } };
    case 'filters': {
      const filters = (params?.filters ?? []).map(({ input, label }) => [label, queryString(input.query)]);
      return { filters: { filters: Object.fromEntries(filters) } };
    }
    case 'terms': {
      const metric = rest.find(([, column]) => !column.isBucketed && column.operationType !== 'count');
      // A bucket cannot be ordered by a metric that lies in another bucket.
      const isBeside = !rest.some(([, column]) => column.isBucketed);
      const order = metric !== undefined && isBeside ? { order: { [metric[0]]: 'desc' } } : {};
      return { terms: { field: sourceField, size: params?.size, ...order } };
    }
    default:
      throw new Error(`no bucket is made by ${operationType}`);
  }
}

const AGGREGATIONS: Readonly<Record<string, string>> = {
  ...{ sum: 'sum', average: 'avg', max: 'max', unique_count: 'cardinality', percentile: 'percentiles' },
};

function measure(id: string, { operationType, params, sourceField }: Column): object {
  // Each bucket says how many documents it has.
  if (operationType === 'count') return {};
  const name = AGGREGATIONS[operationType];
  if (name === undefined) throw new Error(`nothing is computed by ${operationType}`);
  const percents = params?.percentile === undefined ? {} : { percents: [params.percentile] };
  return { [id]: { [name]: { field: sourceField, ...percents } } };
}

/** Whether buckets are not empty, and what is computed of the first is a number. */
function hasValue(aggregations: Readonly<Record<string, unknown>> | undefined): boolean {
  return Object.values(aggregations ?? {}).every((one) => {
    if (typeof one !== 'object' || one === null) return true;
    if ('buckets' in one) {
      const buckets = Object.values(one.buckets as object) as Record<string, unknown>[];
      return buckets.some((each) => each['doc_count'] !== 0 && hasValue(each));
    }
    if ('values' in one) return Object.values(one.values as object).every((value) => value !== null);
    return !('value' in one) || one.value !== null;
  });
}
