import type { ChannelConfig } from '../config.js';
import { alertmanagerChannel, alertmanagerWebhookChannel } from './alertmanager.js';
import type { Channel, ChannelSetting } from './channel.js';
import { commandChannel } from './command.js';
import { emailChannel } from './email.js';
import { pagerDutyChannel } from './pagerduty.js';
import { slackChannel } from './slack.js';
import { teamsChannel } from './teams.js';
import { webhookChannel } from './webhook.js';

/** The channel that a configuration describes. */
export function channelOf(config: ChannelConfig, setting: ChannelSetting): Channel {
  switch (config.type) {
    case 'webhook':
      return webhookChannel(config, setting);
    case 'alertmanager':
      return alertmanagerChannel(config, setting);
    case 'alertmanager-webhook':
      return alertmanagerWebhookChannel(config, setting);
    case 'pagerduty':
      return pagerDutyChannel({ routingKey: config.routing_key, url: config.url }, setting);
    case 'slack':
      return slackChannel(config, setting);
    case 'teams':
      return teamsChannel(config, setting);
    case 'email':
      return emailChannel(config, setting);
    case 'command':
      return commandChannel({ command: config.command as [string, ...string[]], timeoutMs: config.timeout });
  }
}

/** What is not shown of a channel. */
const SECRET_FIELDS = ['secret', 'headers', 'routing_key', 'password'];
/** Their addresses are all that it takes to post there. */
const SECRET_ADDRESSES: readonly ChannelConfig['type'][] = ['slack', 'teams'];
export const MASK = '…';

/** A channel as it is shown: whoever reads it cannot use it. */
export function masked(config: ChannelConfig): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => {
      const isSecret = SECRET_FIELDS.includes(name) || (name === 'url' && SECRET_ADDRESSES.includes(config.type));
      return [name, isSecret && value !== undefined ? MASK : value];
    }),
  );
}

/** What is given, with what was only shown masked as it was. */
export function unmasked(
  given: Readonly<Record<string, unknown>>,
  before: ChannelConfig | undefined,
): Record<string, unknown> {
  const known = (before ?? {}) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value === MASK ? known[name] : value]));
}
