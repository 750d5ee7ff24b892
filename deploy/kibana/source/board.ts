import { type Chart, lensOf } from './lens.js';
import { type Reference, type SavedObject, savedObject } from './saved-objects.js';

/** Kibana's grid. */
const COLUMNS = 48;

export type Part = Chart | { readonly search: string };

/** Charts and searches beside each other, all of a height. */
export interface Row {
  readonly height: number;
  readonly parts: readonly Part[];
}

export interface Board {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
}

interface Panel {
  readonly json: Readonly<Record<string, unknown>>;
  readonly references: readonly Reference[];
}

export function dashboardOf({ description, name, rows, title }: Board): SavedObject {
  const panels: Panel[] = [];
  let y = 0;
  for (const { height, parts } of rows) {
    const width = COLUMNS / parts.length;
    for (const [index, part] of parts.entries()) {
      panels.push(panelOf(part, `${panels.length + 1}`, { x: index * width, y, w: width, h: height }));
    }
    y += height;
  }
  return savedObject(
    'dashboard',
    name,
    {
      ...{ title: `Millrace: ${title}`, description, version: 1 },
      ...{ timeRestore: true, timeFrom: 'now-1h', timeTo: 'now', refreshInterval: { pause: false, value: 10_000 } },
      optionsJSON: JSON.stringify({ useMargins: true, syncColors: true, syncCursor: true, hidePanelTitles: false }),
      panelsJSON: JSON.stringify(panels.map(({ json }) => json)),
      kibanaSavedObjectMeta: {
        searchSourceJSON: JSON.stringify({ query: { query: '', language: 'kuery' }, filter: [] }),
      },
    },
    panels.flatMap(({ references }) => references),
  );
}

function panelOf(part: Part, id: string, place: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>): Panel {
  const placed = { panelIndex: id, gridData: { ...place, i: id } };
  if ('search' in part) {
    const panelRefName = `panel_${id}`;
    return {
      json: { ...placed, type: 'search', panelRefName, embeddableConfig: { enhancements: {} } },
      references: [{ name: `${id}:${panelRefName}`, type: 'search', id: `millrace-${part.search}` }],
    };
  }
  const attributes = lensOf(part);
  return {
    json: { ...placed, type: 'lens', title: part.title, embeddableConfig: { attributes, enhancements: {} } },
    references: attributes.references.map((one) => ({ ...one, name: `${id}:${one.name}` })),
  };
}
