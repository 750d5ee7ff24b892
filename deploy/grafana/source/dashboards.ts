import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { alerts } from './alerts.js';
import { dashboardOf } from './board.js';
import { incidents } from './incidents.js';
import { overview } from './overview.js';
import { pipeline } from './pipeline.js';
import { sensors } from './sensors.js';
import { services } from './services.js';
import { web } from './web.js';

/** All dashboards, by the names of their files. */
export function dashboards(): ReadonlyMap<string, Dashboard> {
  const boards = [overview, web, services, sensors, incidents, pipeline, alerts];
  return new Map(boards.map((board) => [`${board.name}.json`, dashboardOf(board)]));
}
