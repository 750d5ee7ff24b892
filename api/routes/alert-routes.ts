import { z } from 'zod';
import { routeSchema } from '../../notify/config.js';
import { invalid, Problem } from '../problems.js';
import { severity, sourceKind } from '../records.js';
import { idParams, type Resource, route, silentRoute } from '../route.js';
import { asked, notifyOf, remove, requireSchedules } from './alert-delivery.js';

const routeAnswer = z.looseObject({ id: z.string() }).meta({ id: 'AlertRoute' });

const tried = z.object({
  source_kind: sourceKind.default('service'),
  scope: z.string().max(500).default(''),
  severity: severity.default('warning'),
  detectors: z.array(z.string().max(500)).max(50).default([]),
  entities: z.array(z.string().max(500)).max(50).default([]),
});

export const alertRoutes: Resource = {
  name: 'routes',
  description: 'Which channels are told of which incidents. Those of the file come after those that are edited here.',
  routes: [
    route({
      method: 'get',
      path: '/routes',
      summary: 'Routes in the order in which they are asked',
      role: 'viewer',
      answer: z.object({
        items: z.array(routeAnswer),
        file: z.unknown().meta({ description: "The file's tree; null: it has none." }),
      }),
      handle(_call, services) {
        const { settings } = notifyOf(services);
        const items = [...settings.edited('route').values()].sort((one, other) => one.position - other.position);
        return { items, file: settings.file.route ?? null };
      },
    }),
    route({
      method: 'put',
      path: '/routes/{id}',
      summary: 'Add or change a route',
      role: 'admin',
      params: idParams,
      body: routeSchema.omit({ id: true }),
      problems: [422],
      answer: routeAnswer,
      async handle(call, services) {
        const { settings } = notifyOf(services);
        const { data, error } = routeSchema.safeParse({ ...(call.request.body as object), id: call.params.id });
        if (data === undefined) throw invalid('body', error);
        const missing = data.channels?.find((name) => !settings.channels.has(name));
        if (missing !== undefined) throw new Problem(422, 'no-such-channel', `There is no channel "${missing}".`);
        requireSchedules(services, [...(data.mute_schedules ?? []), ...(data.active_schedules ?? [])]);
        await asked(() => settings.put('route', data.id, data));
        services.audit(call.visitor, 'route.put', { id: data.id });
        return data;
      },
    }),
    silentRoute({
      method: 'delete',
      path: '/routes/{id}',
      summary: 'Delete a route',
      role: 'admin',
      params: idParams,
      problems: [404],
      handle: (call, services) => remove(call, services, 'route'),
    }),
    route({
      method: 'post',
      path: '/routes/try',
      summary: 'Where an incident would be told',
      role: 'viewer',
      body: tried,
      answer: z.object({
        routes: z.array(z.object({ route: z.string(), channels: z.array(z.string()), group: z.string() })),
        silenced_by: z.array(z.string()),
      }),
      handle({ body }, services) {
        const now = Date.now();
        const rest = {
          id: 'try',
          state: 'opened',
          opened: now,
          updated: now,
          resolved: null,
          alerts: 1,
          summary: '',
        } as const;
        const { routes, silenced_by } = notifyOf(services).tryRoutes({ ...body, ...rest });
        return { routes: routes.map((one) => ({ ...one, channels: [...one.channels] })), silenced_by };
      },
    }),
  ],
};
