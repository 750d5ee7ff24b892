import { z } from 'zod';
import { feedback as feedbackSchema } from '../../schemas/feedback.js';
import { page, pageOf, paging } from '../parameters.js';
import { notFound } from '../problems.js';
import { alertRecord, timeSchema } from '../records.js';
import { idParams, type Resource, route, silentRoute } from '../route.js';

const shownFeedback = feedbackSchema
  .extend({
    kept_quiet: z.int().meta({ description: 'Alerts that were not told for it, as far as they are in memory.' }),
    last_quiet: timeSchema.nullable(),
  })
  .meta({ id: 'ShownFeedback' });

const quietAlert = z
  .object({ alert: alertRecord, feedback: z.string().nullable(), why: z.string(), is_over: z.boolean() })
  .meta({ id: 'QuietAlert' });

export const feedback: Resource = {
  name: 'feedback',
  description:
    'What people have said of incidents and detectors have learned: what is not told again, and what was kept quiet.',
  routes: [
    route({
      method: 'get',
      path: '/feedback',
      summary: 'What detectors have learned of people, the newest first',
      role: 'viewer',
      query: paging,
      answer: pageOf(shownFeedback),
      handle({ query }, { live }) {
        const quiet = [...live.alertEpisodes].filter((episode) => episode.quiet !== null);
        const all = [...live.feedback.values].map((one) => {
          const own = quiet.filter((episode) => episode.quiet?.feedback === one.id);
          const last_quiet = own.length === 0 ? null : Math.max(...own.map(({ updated }) => updated));
          return { ...one, kept_quiet: own.length, last_quiet };
        });
        return page(all, query, ({ id, said }) => [said, id]);
      },
    }),
    silentRoute({
      method: 'delete',
      path: '/feedback/{id}',
      summary: 'Take back what was said: the same is told again',
      role: 'operator',
      params: idParams,
      problems: [404],
      async handle({ params: { id }, visitor }, { audit, live }) {
        const said = live.feedback.get(id);
        if (said === undefined) throw notFound('feedback', id);
        await live.feedback.put(id, null);
        audit(visitor, 'feedback.delete', { id, incident: said.incident });
      },
    }),
    route({
      method: 'get',
      path: '/feedback/quiet',
      summary: 'Alerts that were not told, and why, the newest first',
      role: 'viewer',
      query: paging,
      answer: pageOf(quietAlert),
      handle({ query }, { live }) {
        const quiet = [...live.alertEpisodes].flatMap(({ alert, quiet: why, state }) =>
          why === null ? [] : [{ alert, ...why, is_over: state === 'over' }],
        );
        return page(quiet, query, ({ alert }) => [alert.time, alert.id]);
      },
    }),
  ],
};
