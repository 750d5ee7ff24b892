import { z } from 'zod';
import { attemptSchema, type DeliveryRecord } from '../../notify/delivery-log.js';
import { page, pageOf, paging } from '../parameters.js';
import { idParams, type Resource, route } from '../route.js';
import { asked, notifyOf, testAnswer } from './alert-delivery.js';

const deliveryAnswer = z
  .object({
    id: z.string().meta({ description: 'Also the idempotency key that the receiver gets.' }),
    state: z.enum(['pending', 'delivered', 'failed']),
    created: z.number(),
    channel: z.string(),
    route: z.string(),
    group: z.string(),
    reason: z.enum(['opened', 'worse', 'resolved', 'repeated']),
    incidents: z.array(z.string()),
    attempts: z.array(attemptSchema),
  })
  .meta({ id: 'Delivery' });

/** A delivery as it is shown. */
export function shownDelivery({
  attempts,
  created,
  id,
  notification,
  state,
}: DeliveryRecord): z.output<typeof deliveryAnswer> {
  const { channel, group, incidents, reason, route: at } = notification;
  const told = incidents.map(({ incident }) => incident.id);
  return { id, state, created, channel, route: at, group, reason, incidents: told, attempts: [...attempts] };
}

export const deliveries: Resource = {
  name: 'deliveries',
  description: 'What was told, and how it went; kept for 30 days.',
  routes: [
    route({
      method: 'get',
      path: '/deliveries',
      summary: 'Deliveries, the newest first',
      role: 'viewer',
      query: paging.extend({
        channel: z.string().max(100).optional(),
        state: z.enum(['pending', 'delivered', 'failed']).optional(),
        incident: z.string().max(500).optional(),
      }),
      answer: pageOf(deliveryAnswer),
      handle({ query }, services) {
        const found = notifyOf(services)
          .deliveries.all()
          .map(shownDelivery)
          .filter(
            ({ channel, incidents, state }) =>
              (query.channel === undefined || query.channel === channel) &&
              (query.state === undefined || query.state === state) &&
              (query.incident === undefined || incidents.includes(query.incident)),
          );
        return page(found, query, ({ created, id }) => [created, id]);
      },
    }),
    route({
      method: 'post',
      path: '/deliveries/{id}/replay',
      summary: 'Tell it once more, under the same idempotency key',
      role: 'operator',
      params: idParams,
      problems: [404],
      limit: 'heavy',
      answer: testAnswer,
      async handle(call, services) {
        services.audit(call.visitor, 'delivery.replay', { id: call.params.id });
        return asked(() => notifyOf(services).replay(call.params.id));
      },
    }),
  ],
};
