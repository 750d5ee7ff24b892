import { type Board, type Part, type Place, partsOf, REFRESH_INTERVAL, TIME_RANGE, titleOf } from './board.js';
import { boards } from './boards.js';
import { visConfig } from './vis-config.js';

/** The body of `PUT /api/dashboards/{id}`. */
type DashboardState = Readonly<Record<string, unknown>>;

/** The boards as Kibana's Dashboards API takes them, by their ids: those of the saved objects. */
export function dashboardStates(): ReadonlyMap<string, DashboardState> {
  return new Map(boards.map((board) => [`millrace-${board.name}`, stateOf(board)]));
}

function stateOf(board: Board): DashboardState {
  return {
    ...{ title: titleOf(board), description: board.description },
    ...{ time_range: TIME_RANGE, refresh_interval: REFRESH_INTERVAL },
    options: { use_margins: true, sync_colors: true, sync_cursor: true, hide_panel_titles: false },
    panels: partsOf(board).map(({ part, place }) => panelOf(part, place)),
  };
}

function panelOf(part: Part, grid: Place): DashboardState {
  return 'search' in part
    ? { type: 'discover_session', grid, config: { ref_id: `millrace-${part.search}` } }
    : { type: 'vis', grid, config: visConfig(part) };
}
