import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { remoteChannel, routeSchema } from '../../notify/config.js';
import { idParams, type Resource, route, silentRoute } from '../route.js';
import { asked, notifyOf, remove } from './alert-delivery.js';

const LEGACY = /^legacy-/;
/** What older clients call them, and the incidents that they mean. */
const LEGACY_EVENTS = { anomaly_detected: [], high_error_rate: ['detector=~".*(error|status).*"'] } as const;
const legacyEvent = z.enum(['anomaly_detected', 'high_error_rate']);
const legacyWebhook = z
  .object({ webhook_id: z.string(), url: z.string(), events: z.array(legacyEvent) })
  .meta({ id: 'Webhook' });

export const webhooks: Resource = {
  name: 'webhooks',
  description: 'The short form of a channel and a route, as older clients have it.',
  routes: [
    route({
      method: 'get',
      path: '/webhooks',
      summary: 'Webhooks that were registered in the short form',
      role: 'operator',
      answer: z.array(legacyWebhook),
      handle(_call, services) {
        const { settings } = notifyOf(services);
        return [...settings.edited('channel').values()].flatMap((one) => {
          if (one.type !== 'webhook' || !LEGACY.test(one.name)) return [];
          const events = legacyEvent.options.filter((event) => settings.edited('route').has(`${one.name}.${event}`));
          return [{ webhook_id: one.name, url: one.url, events }];
        });
      },
    }),
    route({
      method: 'post',
      path: '/webhooks',
      summary: 'Register a webhook in the short form',
      role: 'admin',
      body: z.object({
        url: z.url({ protocol: /^https?$/ }).max(2000),
        events: z.array(legacyEvent).min(1).default(['anomaly_detected']),
      }),
      problems: [422],
      answer: legacyWebhook.extend({ status: z.literal('registered') }).meta({ id: 'RegisteredWebhook' }),
      async handle(call, services) {
        const { settings } = notifyOf(services);
        const { url } = call.body;
        const events = [...new Set(call.body.events)];
        const id = `legacy-${randomUUID().slice(0, 8)}`;
        const channel = remoteChannel.parse({ type: 'webhook', name: id, url });
        await asked(() => settings.put('channel', id, channel));
        for (const event of events) {
          const matchers = [...LEGACY_EVENTS[event]];
          const added = {
            id: `${id}.${event}`,
            matchers,
            channels: [id],
            group_wait: 0,
            group_interval: 0,
            continue: true,
          };
          await asked(() => settings.put('route', added.id, routeSchema.parse(added)));
        }
        services.audit(call.visitor, 'webhook.register', { id });
        return { status: 'registered' as const, webhook_id: id, url, events };
      },
    }),
    silentRoute({
      method: 'delete',
      path: '/webhooks/{id}',
      summary: 'Delete a webhook of the short form',
      role: 'admin',
      params: idParams,
      problems: [404],
      async handle(call, services) {
        const { settings } = notifyOf(services);
        const { id } = call.params;
        for (const event of legacyEvent.options) {
          if (settings.edited('route').has(`${id}.${event}`)) await settings.put('route', `${id}.${event}`, null);
        }
        await remove(call, services, 'channel');
      },
    }),
  ],
};
