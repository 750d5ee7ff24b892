import { Webhook } from 'standardwebhooks';
import type { Channel, ChannelSetting } from './channel.js';
import { linkTo } from './channel.js';
import { postJson } from './http-call.js';

export interface WebhookOptions {
  readonly url: string;
  /** `whsec_` and base64, as Standard Webhooks has it; undefined: calls are not signed. */
  readonly secret?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Any receiver of JSON, called as Standard Webhooks says. */
export function webhookChannel({ headers, secret, url }: WebhookOptions, setting: ChannelSetting): Channel {
  const signer = secret === undefined ? undefined : new Webhook(secret);
  return {
    deliver: (delivery, signal) => {
      const { group, groupLabels, incidents, reason, time } = delivery.notification;
      const body = JSON.stringify({
        type: `incident.${reason}`,
        timestamp: new Date(time).toISOString(),
        data: {
          ...{ reason, group, group_labels: groupLabels },
          incidents: incidents.map(({ acknowledged, firing, flapping, incident }) => {
            return { ...incident, firing, flapping, acknowledged, url: linkTo(setting, incident.id) ?? null };
          }),
        },
      });
      const now = new Date();
      const signed =
        signer === undefined
          ? {}
          : {
              'webhook-signature': signer.sign(delivery.id, now, body),
            };
      return postJson(setting.outbound, delivery, {
        ...{ url, body, signal },
        headers: {
          ...headers,
          'webhook-id': delivery.id,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
          ...signed,
        },
      });
    },
  };
}
