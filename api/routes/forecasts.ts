import { z } from 'zod';
import { notFound } from '../problems.js';
import { timeSchema } from '../records.js';
import { route } from '../route.js';
import { forecastHost, forecastService, type HourForecast } from '../state/forecasts.js';

const range = z
  .object({ expected: z.number(), low: z.number(), high: z.number() })
  .meta({ id: 'Forecast', description: 'What is expected, and the range in which nineteen of twenty values are.' });

const isLearning = z.boolean().meta({
  description: 'Whether less than a day was seen: then the usual course of the day is not known yet.',
});

const DESCRIPTION =
  'The 60 minutes after the last one that was learned, by the usual course of the day and what is off it now. The pipeline ' +
  'is asked for what it has learned, as of its last commit; outages and maintenance are not foreseen.';

type Row = Readonly<Record<string, { readonly expected: number; readonly low: number; readonly high: number }>>;

/** One row for each minute. */
function rowsOf<Name extends string>(by: Readonly<Record<Name, HourForecast>>) {
  const names = Object.keys(by) as Name[];
  const [first] = names;
  const times = first === undefined ? [] : by[first].forecasts.map(({ time }) => time);
  return times.map((time, index) => ({
    time,
    ...(Object.fromEntries(
      names.map((name) => {
        const { expected = 0, high = 0, low = 0 } = by[name].forecasts[index] ?? {};
        return [name, { expected, low, high }];
      }),
    ) as Row as Record<Name, Row[string]>),
  }));
}

export const serviceForecast = route({
  method: 'get',
  path: '/services/{name}/forecast',
  summary: 'Lines and failures of a service that are expected in each minute of the next hour',
  description: DESCRIPTION,
  role: 'viewer',
  params: z.object({ name: z.string().min(1).max(500) }),
  problems: [404, 503],
  answer: z.object({
    is_learning: isLearning,
    items: z.array(z.object({ time: timeSchema, lines: range, failures: range })),
  }),
  async handle({ params: { name } }, { stores }) {
    const forecast = await forecastService(stores, name);
    if (forecast === undefined) throw notFound('service of which anything is learned', name);
    return { is_learning: forecast.lines.isLearning, items: rowsOf(forecast) };
  },
});

export const hostForecast = route({
  method: 'get',
  path: '/hosts/{host}/forecast',
  summary: 'Requests of a host, or of all (*), that are expected in each minute of the next hour',
  description: DESCRIPTION,
  role: 'viewer',
  params: z.object({ host: z.string().min(1).max(500) }),
  problems: [404, 503],
  answer: z.object({ is_learning: isLearning, items: z.array(z.object({ time: timeSchema, requests: range })) }),
  async handle({ params: { host } }, { stores }) {
    const forecast = await forecastHost(stores, host);
    if (forecast === undefined) throw notFound('host of which half an hour is learned', host);
    return { is_learning: forecast.isLearning, items: rowsOf({ requests: forecast }) };
  },
});
