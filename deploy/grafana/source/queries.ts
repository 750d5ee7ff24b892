import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import * as elasticsearch from '@grafana/grafana-foundation-sdk/elasticsearch';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';

/** The data sources of provisioning/datasources, by their fixed uids. */
export const INFLUXDB = { type: 'influxdb', uid: 'millrace-influxdb' } as const;
export const PROMETHEUS = { type: 'prometheus', uid: 'millrace-prometheus' } as const;
export const ALERTS = { type: 'elasticsearch', uid: 'millrace-alerts' } as const;

const TIME_FIELD = '@timestamp';

/** A query whose model the SDK has no type of. */
class RawQuery implements Builder<Dataquery> {
  readonly #model: Readonly<Record<string, unknown>>;

  constructor(model: Readonly<Record<string, unknown>>) {
    this.#model = model;
  }

  build(): Dataquery {
    return { ...this.#model, _implementsDataqueryVariant: () => {} };
  }
}

/** @param name of a series, such as `$tag_host` or `5xx` */
export function influx(query: string, name?: string): Builder<Dataquery> {
  const alias = name === undefined ? {} : { alias: name };
  return new RawQuery({ datasource: INFLUXDB, query, rawQuery: true, resultFormat: 'time_series', ...alias });
}

export function influxTable(query: string): Builder<Dataquery> {
  return new RawQuery({ datasource: INFLUXDB, query, rawQuery: true, resultFormat: 'table' });
}

/** Incidents as ranges of time: from their beginning until they end. */
export function incidentsAsAnnotations(): Builder<Dataquery> {
  return new RawQuery({
    ...{ refId: 'Anno', datasource: INFLUXDB, fromAnnotations: true, rawQuery: true, textEditor: true },
    query: 'SELECT "summary", "severity", "scope", "resolved" FROM "incidents" WHERE $timeFilter',
    ...{ titleColumn: 'scope', textColumn: 'summary', tagsColumn: 'severity', timeEndColumn: 'resolved' },
  });
}

/** @param name of a series, such as `{{topic}}` */
export function prom(expr: string, name: string): prometheus.DataqueryBuilder {
  return new prometheus.DataqueryBuilder().datasource(PROMETHEUS).expr(expr).legendFormat(name).range();
}

/** As it is now: a value a series. */
export function promNow(expr: string, name: string): prometheus.DataqueryBuilder {
  return new prometheus.DataqueryBuilder().datasource(PROMETHEUS).expr(expr).legendFormat(name).instant();
}

type Metric = Builder<elasticsearch.MetricAggregation>;
type Bucket = Builder<elasticsearch.BucketAggregation>;

/** By hand: the SDK's own builders of metrics leave out what kind they are. */
const count = (): Metric => ({ build: () => ({ id: '1', type: 'count' }) });
const documents = (size: number): Metric => ({
  build: () => ({ id: '1', type: 'raw_data', settings: { size: String(size) } }),
});

function terms(field: string, id: string, size: number): Bucket {
  return new elasticsearch.TermsBuilder()
    .field(field)
    .id(id)
    .settings({ size: String(size), order: elasticsearch.TermsOrder.Desc, orderBy: '_count', min_doc_count: '1' });
}

function byTime(id: string): Bucket {
  return new elasticsearch.DateHistogramBuilder()
    .field(TIME_FIELD)
    .id(id)
    .settings({ interval: 'auto', min_doc_count: '0' });
}

function alerts(query: string): elasticsearch.DataqueryBuilder {
  return new elasticsearch.DataqueryBuilder().datasource(ALERTS).timeField(TIME_FIELD).query(query);
}

/** How many alerts there are, by a field, over time. */
export function alertsOverTime(query: string, field: string): Builder<Dataquery> {
  return alerts(query)
    .metrics([count()])
    .bucketAggs([terms(field, '2', 10), byTime('3')]);
}

/** How many alerts there are. */
export function alertCount(query: string): Builder<Dataquery> {
  return alerts(query)
    .metrics([count()])
    .bucketAggs([byTime('2')]);
}

/** How many alerts there are of each value of a field. */
export function alertsBy(query: string, field: string): Builder<Dataquery> {
  return alerts(query)
    .metrics([count()])
    .bucketAggs([terms(field, '2', 20)]);
}

/** The newest alerts as they are. */
export function newestAlerts(query: string): Builder<Dataquery> {
  return alerts(query)
    .metrics([documents(100)])
    .bucketAggs([]);
}
