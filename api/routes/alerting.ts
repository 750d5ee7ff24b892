import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { MASK, masked, unmasked } from '../../notify/channels/channel-of.js';
import {
  type ChannelConfig,
  remoteChannel,
  routeSchema,
  type SilenceConfig,
  scheduleSchema,
  silenceSchema,
} from '../../notify/config.js';
import { attemptSchema, type DeliveryRecord } from '../../notify/delivery-log.js';
import { NotifyError } from '../../notify/notify-error.js';
import type { NotifyService } from '../../notify/notify-service.js';
import type { Kind } from '../../notify/settings.js';
import { page, pageOf, paging } from '../parameters.js';
import { invalid, notFound, Problem } from '../problems.js';
import { incidentRecord, severity, sourceKind } from '../records.js';
import { type Call, idParams, type Resource, route, silentRoute } from '../route.js';
import type { Services } from '../services.js';

const origin = z
  .enum(['file', 'edited'])
  .meta({ description: '`file`: of the file that --alerts names; not edited here.' });
const channelAnswer = z
  .looseObject({ name: z.string(), type: z.string(), send_resolved: z.boolean(), origin })
  .meta({ id: 'Channel', description: `A channel; what is secret of it is shown as "${MASK}".` });
const routeAnswer = z.looseObject({ id: z.string() }).meta({ id: 'AlertRoute' });
const silenceAnswer = z
  .looseObject({ id: z.string(), state: z.enum(['pending', 'active', 'waiting', 'expired']), origin })
  .meta({ id: 'Silence' });
const scheduleAnswer = z.looseObject({ name: z.string(), origin }).meta({ id: 'Schedule' });
const testAnswer = z
  .object({
    ok: z.boolean(),
    said: z.string().meta({ description: 'What the receiver said, or what failed.' }),
    took_ms: z.number(),
  })
  .meta({ id: 'ChannelTest' });
export const deliveryAnswer = z
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

function required({ notify }: Services): NotifyService {
  if (notify === undefined) throw new Problem(503, 'no-alert-delivery', 'Alert delivery does not run in this server.');
  return notify;
}

/** What alert delivery refuses is a problem of the request. */
async function asked<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NotifyError)) throw error;
    const statuses = { NOTIFY_UNKNOWN: 404, NOTIFY_READ_ONLY: 409 } as const;
    const status = error.code === 'NOTIFY_UNKNOWN' || error.code === 'NOTIFY_READ_ONLY' ? statuses[error.code] : 422;
    throw new Problem(status, error.code.toLowerCase().replaceAll('_', '-'), error.message, { cause: error });
  }
}

type Asked = Pick<Call<unknown, unknown, unknown>, 'visitor'>;

async function remove(
  call: Asked & { readonly params: { readonly id: string } },
  services: Services,
  kind: Kind,
): Promise<void> {
  const { settings } = required(services);
  const { id } = call.params;
  if (!settings.edited(kind).has(id) && !settings.isOfFile(kind, id)) throw notFound(kind, id);
  await asked(() => settings.put(kind, id, null));
  services.audit(call.visitor, `${kind}.delete`, { id });
}

async function putChannel(call: Asked, services: Services, given: Readonly<Record<string, unknown>>) {
  const { settings } = required(services);
  const { name } = given as { readonly name: string };
  const { data, error } = remoteChannel.safeParse(unmasked(given, settings.edited('channel').get(name)));
  if (data === undefined) throw invalid('body', error);
  await asked(() => settings.put('channel', name, data));
  services.audit(call.visitor, 'channel.put', { name, type: data.type });
  return shownChannel(data, 'edited');
}

function shownChannel(channel: ChannelConfig, from: z.output<typeof origin>): z.output<typeof channelAnswer> {
  return {
    ...masked(channel),
    name: channel.name,
    type: channel.type,
    send_resolved: channel.send_resolved,
    origin: from,
  };
}

/** What is masked in it keeps its value; so the values themselves are looked at afterwards. */
const channelBody = z.looseObject({ name: z.string().min(1).max(100), type: z.string().max(50) }).meta({
  id: 'ChannelGiven',
  description:
    'By `type`: webhook {url, secret?, headers?}, alertmanager and alertmanager-webhook {url, headers?}, pagerduty {routing_key, url?}, ' +
    'slack and teams {url}, email {host, port, security, user?, password?, from, to}; each with send_resolved.',
});

export const channels: Resource = {
  name: 'channels',
  description: 'Whom incidents are told.',
  routes: [
    route({
      method: 'get',
      path: '/channels',
      summary: 'Channels by their names',
      role: 'operator',
      query: paging,
      answer: pageOf(channelAnswer),
      handle({ query }, services) {
        const { settings } = required(services);
        const all = [...settings.channels.values()].map((one) =>
          shownChannel(one, settings.isOfFile('channel', one.name) ? 'file' : 'edited'),
        );
        return page(all, query, ({ name }) => [name]);
      },
    }),
    route({
      method: 'post',
      path: '/channels',
      summary: 'Add a channel',
      role: 'admin',
      body: channelBody,
      status: 201,
      problems: [409, 422],
      answer: channelAnswer,
      handle(call, services) {
        const { name } = call.body;
        if (required(services).settings.channels.has(name)) {
          throw new Problem(409, 'channel-exists', `There is a channel "${name}"; PUT changes it.`);
        }
        return putChannel(call, services, call.body);
      },
    }),
    route({
      method: 'put',
      path: '/channels/{id}',
      summary: 'Change a channel; one that was disabled by its receiver is tried again',
      role: 'admin',
      params: idParams,
      body: channelBody,
      problems: [404, 409, 422],
      answer: channelAnswer,
      handle(call, services) {
        const { id } = call.params;
        if (!required(services).settings.channels.has(id)) throw notFound('channel', id);
        return putChannel(call, services, { ...call.body, name: id });
      },
    }),
    silentRoute({
      method: 'delete',
      path: '/channels/{id}',
      summary: 'Delete a channel',
      role: 'admin',
      params: idParams,
      problems: [404, 409],
      handle: (call, services) => remove(call, services, 'channel'),
    }),
    route({
      method: 'post',
      path: '/channels/{id}/test',
      summary: 'Tell the channel of a test',
      role: 'operator',
      params: idParams,
      problems: [404],
      limit: 'heavy',
      answer: testAnswer,
      async handle(call, services) {
        const { id } = call.params;
        services.audit(call.visitor, 'channel.test', { name: id });
        return asked(() => required(services).test(id));
      },
    }),
  ],
};

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
        const { settings } = required(services);
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
        const { settings } = required(services);
        const { data, error } = routeSchema.safeParse({ ...(call.request.body as object), id: call.params.id });
        if (data === undefined) throw invalid('body', error);
        const missing = data.channels?.find((name) => !settings.channels.has(name));
        if (missing !== undefined) throw new Problem(422, 'no-such-channel', `There is no channel "${missing}".`);
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
        const { routes, silenced_by } = required(services).tryRoutes({ ...body, ...rest });
        return { routes: routes.map((one) => ({ ...one, channels: [...one.channels] })), silenced_by };
      },
    }),
  ],
};

function shownSilence(silence: SilenceConfig, notify: NotifyService): z.output<typeof silenceAnswer> {
  const one = notify.settings.rules(() => false).silences.find(({ spec }) => spec.id === silence.id);
  const from = notify.settings.isOfFile('silence', silence.id) ? 'file' : 'edited';
  return { ...silence, state: one?.stateAt(Date.now()) ?? 'expired', origin: from };
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
        const notify = required(services);
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
      body: silenceSchema.omit({ id: true, by: true }),
      status: 201,
      problems: [422],
      answer: silenceAnswer,
      async handle(call, services) {
        const notify = required(services);
        const silence = { ...call.body, id: randomUUID(), by: call.visitor.name };
        if (
          silence.schedule !== null &&
          !notify.settings.edited('schedule').has(silence.schedule) &&
          !notify.settings.isOfFile('schedule', silence.schedule)
        ) {
          throw new Problem(422, 'no-such-schedule', `There is no schedule "${silence.schedule}".`);
        }
        await asked(() => notify.settings.put('silence', silence.id, silence));
        services.audit(call.visitor, 'silence.add', {
          id: silence.id,
          matchers: silence.matchers,
          reason: silence.reason,
        });
        return shownSilence(silence, notify);
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
        const muted = required(services).preview(body.matchers, open);
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
        const { settings } = required(services);
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
      async handle(call, services) {
        const { body } = call;
        await asked(() => required(services).settings.put('schedule', body.name, body));
        services.audit(call.visitor, 'schedule.put', { name: body.name });
        return { ...body, origin: 'edited' as const };
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
        const found = required(services)
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
        return asked(() => required(services).replay(call.params.id));
      },
    }),
  ],
};

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
        const { settings } = required(services);
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
        const { settings } = required(services);
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
        const { settings } = required(services);
        const { id } = call.params;
        for (const event of legacyEvent.options) {
          if (settings.edited('route').has(`${id}.${event}`)) await settings.put('route', `${id}.${event}`, null);
        }
        await remove(call, services, 'channel');
      },
    }),
  ],
};
