/** An object as Kibana's import takes it, a line each. */
export interface SavedObject {
  readonly id: string;
  readonly type: 'index-pattern' | 'search' | 'dashboard';
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly references: readonly Reference[];
  readonly coreMigrationVersion: string;
  readonly typeMigrationVersion: string;
}

export interface Reference {
  readonly name: string;
  readonly type: SavedObject['type'];
  readonly id: string;
}

/** As Kibana 8.9 writes them, and each later one reads them. */
const CORE_VERSION = '8.8.0';
const TYPE_VERSIONS: Readonly<Record<SavedObject['type'], string>> = {
  'index-pattern': '8.0.0',
  search: '8.0.0',
  dashboard: '8.9.0',
};
export const TIME_FIELD = '@timestamp';
const SEARCH_INDEX = 'kibanaSavedObjectMeta.searchSourceJSON.index';

/** The language of all queries is Lucene's, which Elasticsearch itself understands. */
export function queryOf(query: string) {
  return { query, language: 'lucene' };
}

export function savedObject(
  type: SavedObject['type'],
  name: string,
  attributes: Readonly<Record<string, unknown>>,
  references: readonly Reference[] = [],
): SavedObject {
  return {
    ...{ id: `millrace-${name}`, type, attributes, references },
    coreMigrationVersion: CORE_VERSION,
    typeMigrationVersion: TYPE_VERSIONS[type],
  };
}

/** An index of the connectors, which may not be there yet. */
export function dataView(index: string): SavedObject {
  const attributes = { title: index, name: `Millrace: ${index}`, timeFieldName: TIME_FIELD, allowNoIndex: true };
  return savedObject('index-pattern', index, attributes);
}

export interface Search {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly index: string;
  readonly query: string;
  readonly columns: readonly string[];
}

/** The newest documents that a query finds. */
export function savedSearch({ columns, description, index, name, query, title }: Search): SavedObject {
  const source = { query: queryOf(query), filter: [], indexRefName: SEARCH_INDEX };
  return savedObject(
    'search',
    name,
    {
      ...{ title: `Millrace: ${title}`, description, columns, sort: [[TIME_FIELD, 'desc']] },
      ...{ grid: {}, hideChart: false, isTextBasedQuery: false, timeRestore: false },
      kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify(source) },
    },
    [{ name: SEARCH_INDEX, type: 'index-pattern', id: `millrace-${index}` }],
  );
}
