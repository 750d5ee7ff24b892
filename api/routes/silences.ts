import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type SilenceConfig, scheduleBody, scheduleSchema, silenceSchema } from '../../notify/config.js';
import type { NotifyService } from '../../notify/notify-service.js';
import { page, pageOf, paging } from '../parameters.js';
import { Problem } from '../problems.js';
import { incidentRecord } from '../records.js';
import { type Call, idParams, type Resource, route, silentRoute } from '../route.js';
import type { Services } from '../services.js';
import { type Asked, asked, notifyOf, origin, remove, requireKnown, requireSchedules } from './alert-delivery.js';

const silenceAnswer = z
  .looseObject({ id: z.string(), state: z.enum(['pending', 'active', 'waiting', 'expired']), origin })
  .meta({ id: 'Silence' });
const scheduleAnswer = z.looseObject({ name: z.string(), origin }).meta({ id: 'Schedule' });

function shownSilence(silence: SilenceConfig, notify: NotifyService): z.output<typeof silenceAnswer> {
  const one = notify.settings.rules(() => false).silences.find(({ spec }) => spec.id === silence.id);
  const from = notify.settings.isOfFile('silence', silence.id) ? 'file' : 'edited';
  return { ...silence, state: one?.stateAt(Date.now()) ?? 'expired', origin: from };
}

const silenceBody = silenceSchema.omit({ id: true, by: true });

async function putSilence(
  call: Pick<Call<unknown, unknown, z.output<typeof silenceBody>>, 'body' | 'visitor'>,
  services: Services,
  id: string,
) {
  const { body, visitor } = call;
  if (body.until !== null && body.until <= body.from) {
    throw new Problem(422, 'silence-without-time', 'The silence ends before it begins.');
  }
  if (body.schedule !== null) requireSchedules(services, [body.schedule]);
  const notify = notifyOf(services);
  const silence = { ...body, id, by: visitor.name };
  await asked(() => notify.settings.put('silence', id, silence));
  const { from, matchers, reason, schedule, until } = silence;
  services.audit(visitor, 'silence.put', { id, matchers, from, until, schedule, reason });
  return shownSilence(silence, notify);
}

async function putSchedule({ visitor }: Asked, services: Services, schedule: z.output<typeof scheduleSchema>) {
  await asked(() => notifyOf(services).settings.put('schedule', schedule.name, schedule));
  services.audit(visitor, 'schedule.put', schedule);
  return { ...schedule, origin: 'edited' as const };
}

export const silences: Resource = {
  name: 'silences',
  description: 'What is not told, and when; with schedules that come again, such as maintenance windows.',
  routes: [
    route({
      method: 'get',
      path: '/silences',
      summary: 'Silences, those that began last first',
      role: 'viewer',
      query: paging,
      answer: pageOf(silenceAnswer),
      handle({ query }, services) {
        const notify = notifyOf(services);
        const all = [...notify.settings.edited('silence').values(), ...notify.settings.file.silences];
        return page(
          all.map((one) => ({ ...shownSilence(one, notify), begin: one.from })),
          query,
          ({ begin, id }) => [begin, id],
        );
      },
    }),
    route({
      method: 'post',
      path: '/silences',
      summary: 'Add a silence',
      role: 'operator',
      body: silenceBody,
      status: 201,
      problems: [422],
      answer: silenceAnswer,
      handle(call, services) {
        return putSilence(call, services, randomUUID());
      },
    }),
    route({
      method: 'put',
      path: '/silences/{id}',
      summary: 'Change a silence; it is of whoever changed it last',
      role: 'operator',
      params: idParams,
      body: silenceBody,
      problems: [404, 409, 422],
      answer: silenceAnswer,
      handle(call, services) {
        const { id } = call.params;
        requireKnown(services, 'silence', id);
        return putSilence(call, services, id);
      },
    }),
    silentRoute({
      method: 'delete',
      path: '/silences/{id}',
      summary: 'End a silence',
      role: 'operator',
      params: idParams,
      problems: [404, 409],
      handle: (call, services) => remove(call, services, 'silence'),
    }),
    route({
      method: 'post',
      path: '/silences/preview',
      summary: 'Which incidents that go on a silence would keep from being told',
      role: 'viewer',
      body: silenceSchema.pick({ matchers: true }),
      answer: z.object({ items: z.array(incidentRecord) }),
      handle({ body }, services) {
        const open = [...services.live.incidents].filter(({ state }) => state !== 'resolved');
        const muted = notifyOf(services).preview(body.matchers, open);
        return { items: muted.map((one) => services.live.withActions(one)) };
      },
    }),
    route({
      method: 'get',
      path: '/schedules',
      summary: 'Schedules by their names',
      role: 'viewer',
      answer: z.object({ items: z.array(scheduleAnswer) }),
      handle(_call, services) {
        const { settings } = notifyOf(services);
        const edited = [...settings.edited('schedule').values()].map((one) => ({ ...one, origin: 'edited' as const }));
        return { items: [...edited, ...settings.file.schedules.map((one) => ({ ...one, origin: 'file' as const }))] };
      },
    }),
    route({
      method: 'post',
      path: '/schedules',
      summary: 'Add or change a schedule',
      role: 'operator',
      body: scheduleSchema,
      problems: [409, 422],
      answer: scheduleAnswer,
      handle: (call, services) => putSchedule(call, services, call.body),
    }),
    route({
      method: 'put',
      path: '/schedules/{id}',
      summary: 'Change a schedule',
      role: 'operator',
      params: idParams,
      body: scheduleBody,
      problems: [404, 409, 422],
      answer: scheduleAnswer,
      handle(call, services) {
        const { id: name } = call.params;
        requireKnown(services, 'schedule', name);
        return putSchedule(call, services, { ...call.body, name });
      },
    }),
    silentRoute({
      method: 'delete',
      path: '/schedules/{id}',
      summary: 'Delete a schedule',
      role: 'operator',
      params: idParams,
      problems: [404, 409],
      handle: (call, services) => remove(call, services, 'schedule'),
    }),
  ],
};
