import { z } from 'zod';
import { MASK, masked, unmasked } from '../../notify/channels/channel-of.js';
import { type ChannelConfig, remoteChannel } from '../../notify/config.js';
import { page, pageOf, paging } from '../parameters.js';
import { invalid, notFound, Problem } from '../problems.js';
import { idParams, type Resource, route, silentRoute } from '../route.js';
import type { Services } from '../services.js';
import { type Asked, asked, notifyOf, origin, remove, testAnswer } from './alert-delivery.js';

const channelAnswer = z
  .looseObject({ name: z.string(), type: z.string(), send_resolved: z.boolean(), origin })
  .meta({ id: 'Channel', description: `A channel; what is secret of it is shown as "${MASK}".` });

async function putChannel(call: Asked, services: Services, given: Readonly<Record<string, unknown>>) {
  const { settings } = notifyOf(services);
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
        const { settings } = notifyOf(services);
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
        if (notifyOf(services).settings.channels.has(name)) {
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
        if (!notifyOf(services).settings.channels.has(id)) throw notFound('channel', id);
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
        return asked(() => notifyOf(services).test(id));
      },
    }),
  ],
};
