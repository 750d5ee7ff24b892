import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { dashboardStates } from '../../../deploy/kibana/source/dashboard-state.js';
import { savedObjects } from '../../../deploy/kibana/source/objects.js';
import { askedBy, dashboardFiles, dashboardState } from '../../kibana-dashboard-state.js';
import { columnsOf, dashboardPanels, fieldsOfQuery, kibanaObjects, searchSource } from '../../kibana-objects.js';

const TEMPLATES = fileURLToPath(new URL('../../../connectors/elasticsearch/', import.meta.url));

/** The fields of each index, as its template maps them. */
const fields = new Map(
  readdirSync(TEMPLATES).flatMap((file) => {
    const { index_patterns, template } = z
      .object({
        index_patterns: z.array(z.string()),
        template: z.object({ mappings: z.object({ properties: z.record(z.string(), z.unknown()) }) }),
      })
      .parse(JSON.parse(readFileSync(join(TEMPLATES, file), 'utf8')));
    return index_patterns.map((index) => [index, new Set(Object.keys(template.mappings.properties))] as const);
  }),
);

const objects = kibanaObjects();
const ids = new Set(objects.map(({ id, type }) => `${type} ${id}`));
const unknownFields = (index: string, names: readonly string[]) =>
  names.filter((name) => !fields.get(index)?.has(name));

it('the objects that are committed are those that their source makes; npm run kibana writes them', () => {
  expect(objects).toEqual(JSON.parse(JSON.stringify(savedObjects())));
});

it('there is a data view for each index that the connectors fill, and for no other', () => {
  const views = objects.filter(({ type }) => type === 'index-pattern');
  expect(views.map(({ attributes }) => attributes['title']).sort()).toEqual([...fields.keys()].sort());
});

it('each object has an id of its own, and all that it refers to comes before it', () => {
  expect(ids.size).toBe(objects.length);
  const before = new Set<string>();
  for (const { id, references, type } of objects) {
    expect(references.filter((one) => !before.has(`${one.type} ${one.id}`))).toEqual([]);
    before.add(`${type} ${id}`);
  }
});

describe.each(objects.filter(({ type }) => type === 'search'))('the search $id', (search) => {
  const { columns, index, query } = searchSource(search);

  it('shows and asks fields that the index has', () => {
    expect(unknownFields(index, [...columns, ...fieldsOfQuery(query)])).toEqual([]);
  });
});

describe.each(objects.filter(({ type }) => type === 'dashboard'))('the dashboard $id', (dashboard) => {
  const panels = dashboardPanels(dashboard);

  it('has charts of fields that their indices have', () => {
    for (const panel of panels) {
      if (panel.kind !== 'lens') continue;
      const asked = columnsOf(panel).flatMap(({ sourceField, queries }) => [
        ...(sourceField === undefined || sourceField === '___records___' ? [] : [sourceField]),
        ...queries.flatMap(fieldsOfQuery),
      ]);
      expect(unknownFields(panel.index, [...asked, ...fieldsOfQuery(panel.query)]), panel.title).toEqual([]);
    }
  });

  it('has panels that fill the grid and do not lie on each other', () => {
    const cells = panels.flatMap(({ place: { h, w, x, y } }) =>
      Array.from({ length: h * w }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(cells.length % 48).toBe(0);
  });

  it('names what its charts show by columns that they have', () => {
    for (const panel of panels) {
      if (panel.kind !== 'lens') continue;
      const columns = new Set(panel.columnOrder);
      expect(new Set(Object.keys(panel.columns)), panel.title).toEqual(columns);
      expect(panel.shown.length, panel.title).toBeGreaterThan(0);
      expect(
        panel.shown.filter((name) => !columns.has(name)),
        panel.title,
      ).toEqual([]);
    }
  });
});

describe('the dashboards for the Dashboards API', () => {
  const files = dashboardFiles();

  it('are those that their source makes; npm run kibana writes them', () => {
    expect(Object.fromEntries(files)).toEqual(JSON.parse(JSON.stringify(Object.fromEntries(dashboardStates()))));
  });

  it('have the ids of the saved ones', () => {
    const saved = objects.filter(({ type }) => type === 'dashboard').map(({ id }) => id);
    expect([...files.keys()].sort()).toEqual(saved.sort());
  });

  it.each([...files])('%s is what Kibana takes', (_, state) => {
    expect(dashboardState.safeParse(state).error?.issues ?? []).toEqual([]);
  });

  it.each([
    ['an operation that is not known', { operation: 'cardinality', field: 'client_ip' }],
    ['a metric without its field', { operation: 'average' }],
    ['the words of saved objects', { operationType: 'count', sourceField: '___records___' }],
    ['a key that is not known', { operation: 'count', customLabel: true }],
  ])('would be refused with %s', (_, metric) => {
    const data = { data_source: { type: 'data_view_reference', ref_id: 'millrace-logs' } };
    const config = { type: 'metric', ...data, metrics: [{ type: 'primary', ...metric }] };
    const panels = [{ type: 'vis', grid: { x: 0, y: 0, w: 12, h: 6 }, config }];
    expect(dashboardState.safeParse({ title: 'x', options: {}, panels }).success).toBe(false);
  });

  it.each([...files])('%s asks the same questions in the same places as the saved one', (id, state) => {
    const saved = objects.find((object) => object.type === 'dashboard' && object.id === id);
    if (saved === undefined) throw new Error(`there is no saved dashboard ${id}`);
    const asked = dashboardPanels(saved).map((panel) => {
      const { i: _, ...place } = panel.place;
      if (panel.kind === 'search') return { place, search: panel.search };
      const columns = panel.columnOrder.flatMap((name) => panel.columns[name] ?? []);
      const { index, query, title } = panel;
      return {
        ...{ place, title, index, query },
        metrics: columns
          .filter(({ isBucketed }) => !isBucketed)
          .map(({ label, operationType, params, sourceField }) => ({
            ...{ operation: operationType, label, percentile: params?.percentile },
            field: sourceField === '___records___' ? undefined : sourceField,
          })),
        buckets: columns
          .filter(({ isBucketed }) => isBucketed)
          .map(({ operationType, params, sourceField }) => ({
            ...{ operation: operationType, fields: sourceField === undefined ? [] : [sourceField], size: params?.size },
            filters: params?.filters?.map(({ input, label }) => [label, input.query]),
          })),
      };
    });
    expect(dashboardState.parse(state).panels.map(askedBy)).toEqual(asked);
  });
});
