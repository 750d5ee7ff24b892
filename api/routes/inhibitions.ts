import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { flappingSchema, inhibitionSchema } from '../../notify/config.js';
import { FLAPPING } from '../../notify/settings.js';
import { type Call, idParams, type Resource, route, silentRoute } from '../route.js';
import type { Services } from '../services.js';
import { asked, notifyOf, origin, remove, requireKnown } from './alert-delivery.js';

const inhibitionBody = inhibitionSchema.omit({ id: true });
const inhibitionAnswer = z.looseObject({ id: z.string(), origin }).meta({ id: 'Inhibition' });
const flappingAnswer = z
  .object({
    changes: z.int(),
    within: z.number(),
    stable: z.number(),
    origin: z.enum(['file', 'edited', 'default']),
  })
  .meta({ id: 'Flapping', description: 'So many changes within a time, and for how long there must be none; in ms.' });

async function putInhibition(
  { body, visitor }: Pick<Call<unknown, unknown, z.output<typeof inhibitionBody>>, 'body' | 'visitor'>,
  services: Services,
  id: string,
) {
  const inhibition = { ...body, id };
  await asked(() => notifyOf(services).settings.put('inhibition', id, inhibition));
  services.audit(visitor, 'inhibition.put', inhibition);
  return { ...inhibition, origin: 'edited' as const };
}

function shownFlapping(services: Services): z.output<typeof flappingAnswer> {
  const { settings } = notifyOf(services);
  const { changes, stableMs, withinMs } = settings.rules(() => false).flapping;
  const edited = settings.edited('flapping').has(FLAPPING) ? 'edited' : 'default';
  return {
    changes,
    within: withinMs,
    stable: stableMs,
    origin: settings.isOfFile('flapping', FLAPPING) ? 'file' : edited,
  };
}

export const inhibitions: Resource = {
  name: 'inhibitions',
  description: 'What is not told while something graver goes on; and when what comes and goes is told as one.',
  routes: [
    route({
      method: 'get',
      path: '/inhibitions',
      summary: 'Inhibitions: while a source goes on, targets with equal labels are not told',
      role: 'viewer',
      answer: z.object({ items: z.array(inhibitionAnswer) }),
      handle(_call, services) {
        const { settings } = notifyOf(services);
        const edited = [...settings.edited('inhibition').values()].map((one) => ({
          ...one,
          origin: 'edited' as const,
        }));
        const ofFile = settings.file.inhibit_rules.map((one, index) => {
          return { ...one, id: `file-${index}`, origin: 'file' as const };
        });
        return { items: [...edited, ...ofFile] };
      },
    }),
    route({
      method: 'post',
      path: '/inhibitions',
      summary: 'Add an inhibition',
      role: 'admin',
      body: inhibitionBody,
      status: 201,
      problems: [422],
      answer: inhibitionAnswer,
      handle: (call, services) => putInhibition(call, services, randomUUID()),
    }),
    route({
      method: 'put',
      path: '/inhibitions/{id}',
      summary: 'Change an inhibition',
      role: 'admin',
      params: idParams,
      body: inhibitionBody,
      problems: [404, 409, 422],
      answer: inhibitionAnswer,
      handle(call, services) {
        const { id } = call.params;
        requireKnown(services, 'inhibition', id);
        return putInhibition(call, services, id);
      },
    }),
    silentRoute({
      method: 'delete',
      path: '/inhibitions/{id}',
      summary: 'Delete an inhibition',
      role: 'admin',
      params: idParams,
      problems: [404, 409],
      handle: (call, services) => remove(call, services, 'inhibition'),
    }),
    route({
      method: 'get',
      path: '/flapping',
      summary: 'When an incident that comes and goes is told as one that goes on',
      role: 'viewer',
      answer: flappingAnswer,
      handle: (_call, services) => shownFlapping(services),
    }),
    route({
      method: 'put',
      path: '/flapping',
      summary: 'Change when an incident that comes and goes is told as one that goes on',
      role: 'admin',
      body: flappingSchema,
      problems: [409],
      answer: flappingAnswer,
      async handle({ body, visitor }, services) {
        await asked(() => notifyOf(services).settings.put('flapping', FLAPPING, body));
        services.audit(visitor, 'flapping.put', body);
        return shownFlapping(services);
      },
    }),
    silentRoute({
      method: 'delete',
      path: '/flapping',
      summary: 'Go back to the default of 4 changes within 10 minutes',
      role: 'admin',
      problems: [409],
      async handle({ visitor }, services) {
        await asked(() => notifyOf(services).settings.put('flapping', FLAPPING, null));
        services.audit(visitor, 'flapping.delete', {});
      },
    }),
  ],
};
