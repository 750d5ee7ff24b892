import type { Chart, Filters, Metric, Terms } from './chart.js';
import { TIME_FIELD } from './saved-objects.js';

type Config = Readonly<Record<string, unknown>>;

/**
 * A chart as the Dashboards API of Kibana takes it: the `config` of a panel of type `vis`, with operations in place of
 * the columns, layers and accessors of Lens.
 */
export function visConfig(chart: Chart): Config {
  const { by, index, metrics, query, shape, title } = chart;
  const asked = { title, ...(query === undefined ? {} : { query: expression(query) }) };
  const data = { data_source: { type: 'data_view_reference', ref_id: `millrace-${index}` } };
  const measures = metrics.map(measure);
  const buckets = by === undefined ? [] : [bucket(by)];
  switch (shape) {
    case 'metric':
      return { type: 'metric', ...asked, ...data, metrics: [{ type: 'primary', ...measures[0] }] };
    case 'table':
      return { type: 'data_table', ...asked, ...data, metrics: measures, ...(by && { rows: buckets }) };
    case 'treemap':
      return { type: 'treemap', ...asked, ...data, metrics: measures, ...(by && { group_by: buckets }) };
    case 'bars':
    case 'lines': {
      const layer = {
        ...{ type: shape === 'bars' ? 'bar_stacked' : 'line', ...data },
        x: { operation: 'date_histogram', field: TIME_FIELD, include_empty_rows: true },
        y: measures,
        ...(by && { breakdown_by: bucket(by) }),
      };
      return { type: 'xy', ...asked, legend: { visibility: 'visible', position: 'right' }, layers: [layer] };
    }
  }
}

function expression(query: string): Config {
  return { language: 'lucene', expression: query };
}

function measure({ label, of }: Metric): Config {
  return { operation: 'count', ...of, label };
}

function bucket(by: Terms | Filters): Config {
  const { label } = by;
  if ('filters' in by) {
    const filters = Object.entries(by.filters).map(([name, query]) => ({ label: name, filter: expression(query) }));
    return { operation: 'filters', filters, label };
  }
  const rank = { rank_by: { type: 'metric', metric_index: 0, direction: 'desc' } };
  return { operation: 'terms', fields: [by.field], limit: by.size, ...rank, label };
}
