import { type Board, type Part, type Place, partsOf, REFRESH_INTERVAL, TIME_RANGE, titleOf } from './board.js';
import { lensOf } from './lens.js';
import { type Reference, type SavedObject, savedObject } from './saved-objects.js';

interface Panel {
  readonly json: Readonly<Record<string, unknown>>;
  readonly references: readonly Reference[];
}

/** The board as a saved object. */
export function savedDashboard(board: Board): SavedObject {
  const panels = partsOf(board).map(({ part, place }, index) => panelOf(part, `${index + 1}`, place));
  return savedObject(
    'dashboard',
    board.name,
    {
      ...{ title: titleOf(board), description: board.description, version: 1 },
      ...{ timeRestore: true, timeFrom: TIME_RANGE.from, timeTo: TIME_RANGE.to, refreshInterval: REFRESH_INTERVAL },
      optionsJSON: JSON.stringify({ useMargins: true, syncColors: true, syncCursor: true, hidePanelTitles: false }),
      panelsJSON: JSON.stringify(panels.map(({ json }) => json)),
      kibanaSavedObjectMeta: {
        searchSourceJSON: JSON.stringify({ query: { query: '', language: 'kuery' }, filter: [] }),
      },
    },
    panels.flatMap(({ references }) => references),
  );
}

function panelOf(part: Part, id: string, place: Place): Panel {
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
