import { type Board, fieldVariable } from './board.js';
import { SEVERITY } from './colors.js';
import { bars, figure, ranking, rows } from './panels.js';
import { alertCount, alertsBy, alertsOverTime, newestAlerts } from './queries.js';

const CHOSEN = 'source_kind:$kind AND detector:$detector';

export const alerts: Board = {
  name: 'alerts',
  title: 'Alerts',
  description: 'What detectors have found, each anomaly as it is now.',
  page: '/alerts',
  from: 'now-6h',
  variables: [fieldVariable('kind', 'Source', 'source_kind'), fieldVariable('detector', 'Detector', 'detector')],
  sections: [
    {
      panels: [
        figure({
          title: 'Alerts',
          description: 'In each step of the time that is shown.',
          span: 8,
          queries: [alertCount(CHOSEN)],
        }),
        figure(
          {
            title: 'Critical',
            description: 'In each step.',
            span: 8,
            queries: [alertCount(`severity:critical AND ${CHOSEN}`)],
          },
          [[1, 'red']],
        ),
        figure({
          title: 'Over',
          description: 'Those that are resolved, in each step.',
          span: 8,
          queries: [alertCount(`state:resolved AND ${CHOSEN}`)],
        }),
      ],
    },
    {
      panels: [
        bars({
          title: 'By severity',
          description: 'When they were detected.',
          queries: [alertsOverTime(CHOSEN, 'severity')],
        }),
        bars({
          title: 'By detector',
          description: 'When they were detected.',
          queries: [alertsOverTime(CHOSEN, 'detector')],
        }),
        ranking({ title: 'Entities', description: 'With the most alerts.', queries: [alertsBy(CHOSEN, 'entity')] }),
        ranking({
          title: 'Scopes',
          description: 'What fails together, with the most alerts.',
          queries: [alertsBy(CHOSEN, 'scope')],
        }),
        rows(
          {
            title: 'Alerts',
            description: 'The newest hundred.',
            queries: [newestAlerts(CHOSEN)],
          },
          SEVERITY,
        ),
      ],
    },
  ],
};
