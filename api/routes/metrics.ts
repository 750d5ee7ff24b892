import { z } from 'zod';
import { systemFigures, systemFiguresOf, systemPoint, systemSeries } from '../live/system-metrics.js';
import { boundedRange, rangeWithStep, stepOf } from '../parameters.js';
import { type Resource, route } from '../route.js';

const MINUTE_MS = 60_000;
const HALF_AN_HOUR_MS = 30 * MINUTE_MS;

export const metrics: Resource = {
  name: 'metrics',
  description: 'How all of it does.',
  routes: [
    route({
      method: 'get',
      path: '/metrics',
      summary: 'Figures of the last minute of a range, of as long before the range, and by steps',
      description:
        'Without a range: the last half hour up to the newest event. `now` is of the last minute of the range, `before` of as long a time before the range.',
      role: 'viewer',
      query: rangeWithStep,
      answer: z.object({
        from: z.number(),
        to: z.number(),
        step: z.number().meta({ description: 'Milliseconds.' }),
        now: systemFigures,
        before: systemFigures,
        series: z.array(systemPoint),
      }),
      handle({ query }, { live }) {
        const range = boundedRange(query, live.latestTime, HALF_AN_HOUR_MS);
        const step = stepOf(query.step, range, 5_000);
        const { from, to } = range;
        return {
          from,
          to,
          step,
          now: systemFiguresOf(live, { from: to - MINUTE_MS, to }, true),
          before: systemFiguresOf(live, { from: from - (to - from), to: from }, false),
          series: systemSeries(live, range, step),
        };
      },
    }),
  ],
};
