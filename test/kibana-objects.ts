import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** What Kibana is given, read as Kibana reads it: from the file alone, without the code that made it. */
const FILE = fileURLToPath(new URL('../deploy/kibana/millrace.ndjson', import.meta.url));
const PREFIX = 'millrace-';

const reference = z.object({ name: z.string(), type: z.string(), id: z.string() });
const savedObject = z.object({
  id: z.string().startsWith(PREFIX),
  type: z.enum(['index-pattern', 'search', 'dashboard']),
  attributes: z.record(z.string(), z.unknown()),
  references: z.array(reference),
  coreMigrationVersion: z.string(),
  typeMigrationVersion: z.string(),
});
export type KibanaObject = z.output<typeof savedObject>;

const luceneQuery = z.object({ query: z.string(), language: z.literal('lucene') });

const column = z.looseObject({
  label: z.string(),
  operationType: z.string(),
  isBucketed: z.boolean(),
  sourceField: z.string().optional(),
  params: z
    .looseObject({
      size: z.int().optional(),
      percentile: z.number().optional(),
      filters: z.array(z.object({ label: z.string(), input: luceneQuery })).optional(),
    })
    .optional(),
});
export type Column = z.output<typeof column>;

const lensAttributes = z.object({
  state: z.object({
    query: luceneQuery,
    datasourceStates: z.object({
      formBased: z.object({
        layers: z.object({
          layer: z.object({ columns: z.record(z.string(), column), columnOrder: z.array(z.string()) }),
        }),
      }),
    }),
    visualization: z.looseObject({}),
  }),
});

const place = z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int(), i: z.string() });
const panelJson = z.discriminatedUnion('type', [
  z.object({ type: z.literal('search'), panelIndex: z.string(), gridData: place, panelRefName: z.string() }),
  z.object({
    ...{ type: z.literal('lens'), title: z.string(), panelIndex: z.string(), gridData: place },
    embeddableConfig: z.object({ attributes: lensAttributes }),
  }),
]);

export type Panel =
  | { readonly kind: 'search'; readonly place: z.output<typeof place>; readonly search: string }
  | {
      readonly kind: 'lens';
      readonly place: z.output<typeof place>;
      readonly title: string;
      readonly index: string;
      readonly query: string;
      readonly columns: Readonly<Record<string, Column>>;
      readonly columnOrder: readonly string[];
      /** The columns that the visualisation names. */
      readonly shown: readonly string[];
    };

export function kibanaObjects(): KibanaObject[] {
  const lines = readFileSync(FILE, 'utf8').trimEnd().split('\n');
  return lines.map((line) => savedObject.parse(JSON.parse(line)));
}

export function searchSource({ attributes, references }: KibanaObject) {
  const { columns, kibanaSavedObjectMeta } = z
    .object({ columns: z.array(z.string()), kibanaSavedObjectMeta: z.object({ searchSourceJSON: z.string() }) })
    .parse(attributes);
  const source = z
    .object({ query: luceneQuery, indexRefName: z.string() })
    .parse(JSON.parse(kibanaSavedObjectMeta.searchSourceJSON));
  return { columns, index: referred(references, source.indexRefName), query: source.query.query };
}

export function dashboardPanels({ attributes, references }: KibanaObject): Panel[] {
  const { panelsJSON } = z.object({ panelsJSON: z.string() }).parse(attributes);
  return z
    .array(panelJson)
    .parse(JSON.parse(panelsJSON))
    .map((panel): Panel => {
      const { gridData, panelIndex } = panel;
      if (panel.type === 'search') {
        const search = `${PREFIX}${referred(references, `${panelIndex}:${panel.panelRefName}`)}`;
        return { kind: 'search', place: gridData, search };
      }
      const { datasourceStates, query, visualization } = panel.embeddableConfig.attributes.state;
      return {
        ...{ kind: 'lens', place: gridData, title: panel.title, query: query.query },
        index: referred(references, `${panelIndex}:indexpattern-datasource-layer-layer`),
        ...datasourceStates.formBased.layers.layer,
        shown: accessorsOf(visualization),
      };
    });
}

/** Each column with its field, and the queries of its filters. */
export function columnsOf({ columns }: Extract<Panel, { kind: 'lens' }>) {
  return Object.values(columns).map(({ params, sourceField }) => ({
    sourceField,
    queries: (params?.filters ?? []).map(({ input }) => input.query),
  }));
}

/** The fields that a query of Lucene names. */
export function fieldsOfQuery(query: string): string[] {
  return [...query.matchAll(/([@\w.]+):/g)].map(([, field = '']) => field);
}

/** The index, or the object, that a reference means, without the prefix of ids. */
function referred(references: KibanaObject['references'], name: string): string {
  const found = references.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no reference ${name}`);
  return found.id.slice(PREFIX.length);
}

function accessorsOf(visualization: unknown): string[] {
  if (Array.isArray(visualization)) return visualization.flatMap(accessorsOf);
  if (typeof visualization !== 'object' || visualization === null) return [];
  return Object.entries(visualization).flatMap(([key, value]) => {
    if (/^(xAccessor|splitAccessor|metricAccessor|columnId)$/.test(key)) return [String(value)];
    if (/^(accessors|primaryGroups|metrics)$/.test(key)) return (value as readonly unknown[]).map(String);
    return accessorsOf(value);
  });
}
