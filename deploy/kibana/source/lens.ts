import type { Chart, Filters, Metric, Shape, Terms } from './chart.js';
import { queryOf, TIME_FIELD } from './saved-objects.js';

type Column = Readonly<Record<string, unknown>>;

const LAYER = 'layer';
const TIME = 'time';
const BY = 'by';

/** The attributes of a Lens visualisation that stands in a dashboard by value. */
export function lensOf(chart: Chart) {
  const { by, index, metrics, query = '', shape, title } = chart;
  const isOverTime = shape === 'bars' || shape === 'lines';
  const measures = metrics.map((metric, i) => [`metric-${i}`, measure(metric)] as const);
  const columns: readonly (readonly [string, Column])[] = [
    ...(by === undefined ? [] : [[BY, bucket(by)] as const]),
    ...(isOverTime ? [[TIME, overTime()] as const] : []),
    ...measures,
  ];
  const layer = {
    ...{ columns: Object.fromEntries(columns), columnOrder: columns.map(([id]) => id) },
    ...{ incompleteColumns: {}, sampling: 1 },
  };
  return {
    ...{ title, type: 'lens', visualizationType: TYPES[shape] },
    references: [
      { type: 'index-pattern', name: `indexpattern-datasource-layer-${LAYER}`, id: `millrace-${index}` } as const,
    ],
    state: {
      datasourceStates: { formBased: { layers: { [LAYER]: layer } } },
      visualization: visualization(
        shape,
        measures.map(([id]) => id),
        by !== undefined,
      ),
      ...{ query: queryOf(query), filters: [], internalReferences: [], adHocDataViews: {} },
    },
  };
}

const TYPES: Readonly<Record<Shape, string>> = {
  metric: 'lnsMetric',
  bars: 'lnsXY',
  lines: 'lnsXY',
  table: 'lnsDatatable',
  treemap: 'lnsPie',
};

function visualization(shape: Shape, metrics: readonly string[], isSplit: boolean): Readonly<Record<string, unknown>> {
  const layer = { layerId: LAYER, layerType: 'data' };
  switch (shape) {
    case 'metric':
      return { ...layer, metricAccessor: metrics[0] };
    case 'table':
      return { ...layer, columns: [...(isSplit ? [BY] : []), ...metrics].map((columnId) => ({ columnId })) };
    case 'treemap': {
      const shown = { numberDisplay: 'percent', categoryDisplay: 'default', legendDisplay: 'default' };
      return { shape: 'treemap', layers: [{ ...layer, primaryGroups: isSplit ? [BY] : [], metrics, ...shown }] };
    }
    case 'bars':
    case 'lines': {
      const seriesType = shape === 'bars' ? 'bar_stacked' : 'line';
      const split = isSplit ? { splitAccessor: BY } : {};
      return {
        ...{ legend: { isVisible: true, position: 'right' }, valueLabels: 'hide', preferredSeriesType: seriesType },
        layers: [{ ...layer, seriesType, xAccessor: TIME, accessors: metrics, ...split }],
      };
    }
  }
}

function measure({ label, of }: Metric): Column {
  const named = { label, customLabel: true, dataType: 'number', isBucketed: false, scale: 'ratio' };
  if (of === undefined) return { ...named, operationType: 'count', sourceField: '___records___' };
  const params = of.percentile === undefined ? {} : { params: { percentile: of.percentile } };
  return { ...named, operationType: of.operation, sourceField: of.field, ...params };
}

function overTime(): Column {
  return {
    ...{ label: TIME_FIELD, dataType: 'date', isBucketed: true, scale: 'interval' },
    ...{ operationType: 'date_histogram', sourceField: TIME_FIELD },
    params: { interval: 'auto', includeEmptyRows: true, dropPartials: false },
  };
}

function bucket(by: Terms | Filters): Column {
  const named = { label: by.label, customLabel: true, isBucketed: true, scale: 'ordinal' };
  if ('filters' in by) {
    const filters = Object.entries(by.filters).map(([label, query]) => ({ label, input: queryOf(query) }));
    return { ...named, dataType: 'string', operationType: 'filters', params: { filters } };
  }
  return {
    ...{ ...named, dataType: by.type, operationType: 'terms', sourceField: by.field },
    params: {
      ...{ size: by.size, orderBy: { type: 'column', columnId: 'metric-0' }, orderDirection: 'desc' },
      ...{ otherBucket: false, missingBucket: false, parentFormat: { id: 'terms' } },
    },
  };
}
