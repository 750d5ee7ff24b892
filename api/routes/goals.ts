import { z } from 'zod';
import { page, pageOf, paging, rangeOf, range as rangeQuery } from '../parameters.js';
import { notFound } from '../problems.js';
import { timeSchema } from '../records.js';
import { type Resource, route } from '../route.js';

const GOALS = {
  '1': { role: 'goal1', says: 'clients with too many requests', columns: ['client_ip', 'count'] },
  '2': { role: 'goal2', says: 'hosts with bursts of responses of status 400 to 499', columns: ['host', 'count'] },
  '3': { role: 'goal3', says: 'successes by country', columns: ['country', 'count'] },
  '4': { role: 'goal4', says: 'mean request time by host', columns: ['host', 'avg_request_time', 'count'] },
  'server-errors': {
    role: 'serverErrors',
    says: 'hosts with bursts of responses of status 500 to 599',
    columns: ['host', 'count', 'requests', 'first_error', 'last_error'],
  },
} as const;

const goalName = z.enum(['1', '2', '3', '4', 'server-errors']);

const goalWindow = z
  .object({ key: z.string(), window_start: timeSchema, window_end: timeSchema, count: z.number() })
  .catchall(z.union([z.string(), z.number()]))
  .meta({
    id: 'GoalWindow',
    description: 'The last that was found of an entity in a window, with the columns of its goal.',
  });

export const goals: Resource = {
  name: 'goals',
  description: 'What the goals over requests have found: the last record of each key.',
  routes: [
    route({
      method: 'get',
      path: '/goals/{goal}',
      summary: 'Windows of a goal, the newest first',
      role: 'viewer',
      params: z.object({ goal: goalName }),
      query: rangeQuery.extend(paging.shape),
      problems: [404],
      answer: pageOf(goalWindow).extend({ goal: goalName, says: z.string(), columns: z.array(z.string()) }),
      handle({ params, query }, { live }) {
        const { columns, role, says } = GOALS[params.goal];
        const ring = live.ring(role);
        if (ring === undefined) throw notFound('goal that runs', params.goal);
        const { from, to } = rangeOf(query, live.latestTime);
        const windows = new Map<string, z.output<typeof goalWindow>>();
        for (const { key, value } of ring.newest()) {
          if (key === null || windows.has(key)) continue;
          const window = { ...value, key } as z.output<typeof goalWindow>;
          if (window.window_start >= from && window.window_start < to) windows.set(key, window);
        }
        const found = page([...windows.values()], query, (window) => [window.window_start, window.key]);
        return { goal: params.goal, says, columns: [...columns], ...found };
      },
    }),
  ],
};
