import { createHash } from 'node:crypto';
import { type Channel, type ChannelSetting, linkTo } from './channel.js';
import { postJson } from './http-call.js';

export interface PagerDutyOptions {
  readonly routingKey: string;
  /** Default PagerDuty's; its service for Europe has another. */
  readonly url?: string | undefined;
}

const EVENTS_URL = 'https://events.pagerduty.com/v2/enqueue';
const MAX_SUMMARY_CHARACTERS = 1024;
const MAX_KEY_CHARACTERS = 255;

/** PagerDuty, by its Events API v2: an incident here is one there. */
export function pagerDutyChannel({ routingKey, url = EVENTS_URL }: PagerDutyOptions, setting: ChannelSetting): Channel {
  return {
    deliver: async (delivery, signal) => {
      let said = '';
      for (const { firing, flapping, incident } of delivery.notification.incidents) {
        const link = linkTo(setting, incident.id);
        const event = {
          routing_key: routingKey,
          event_action: firing ? 'trigger' : 'resolve',
          dedup_key: dedupKeyOf(incident.id),
          payload: {
            summary: incident.summary.slice(0, MAX_SUMMARY_CHARACTERS),
            source: incident.scope,
            severity: incident.severity,
            timestamp: new Date(incident.opened).toISOString(),
            component: incident.entities[0] ?? incident.scope,
            group: incident.source_kind,
            class: incident.detectors[0] ?? '',
            custom_details: { ...incident, flapping },
          },
          client: 'Millrace',
          ...(link === undefined
            ? {}
            : { client_url: link, links: [{ href: link, text: 'The incident in Millrace' }] }),
        };
        said = await postJson(setting.outbound, delivery, { url, body: JSON.stringify(event), signal });
      }
      return said;
    },
  };
}

function dedupKeyOf(incident: string): string {
  if (incident.length <= MAX_KEY_CHARACTERS) return incident;
  return createHash('sha256').update(incident).digest('hex');
}
