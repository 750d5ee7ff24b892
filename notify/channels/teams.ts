import { type Channel, type ChannelSetting, linkTo, MAX_SHOWN } from './channel.js';
import { postJson } from './http-call.js';
import { factsOf, headlineOf, headlineOfOne } from './words.js';

export interface TeamsOptions {
  /** Of a workflow that posts to a channel. */
  readonly url: string;
}

/** Teams takes messages of up to 28 kB. */
const MAX_TEXT_CHARACTERS = 800;

/** Microsoft Teams, by a workflow's webhook and an Adaptive Card. */
export function teamsChannel({ url }: TeamsOptions, setting: ChannelSetting): Channel {
  return {
    deliver: (delivery, signal) => {
      const { incidents, reason } = delivery.notification;
      const shown = incidents.slice(0, MAX_SHOWN);
      const items = shown.map((told) => ({
        type: 'Container',
        style: !told.firing ? 'good' : told.incident.severity === 'critical' ? 'attention' : 'warning',
        items: [
          { type: 'TextBlock', weight: 'Bolder', wrap: true, text: plain(headlineOfOne(told, reason)) },
          { type: 'TextBlock', wrap: true, text: plain(told.incident.summary) },
          { type: 'FactSet', facts: factsOf(told).map(([title, value]) => ({ title, value: plain(value) })) },
        ],
      }));
      const more = incidents.length - shown.length;
      const actions = shown.flatMap(({ incident }) => {
        const link = linkTo(setting, incident.id);
        return link === undefined ? [] : [{ type: 'Action.OpenUrl', title: plain(incident.scope), url: link }];
      });
      const card = {
        $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
        type: 'AdaptiveCard',
        version: '1.4',
        fallbackText: headlineOf(delivery.notification),
        body: [...items, ...(more > 0 ? [{ type: 'TextBlock', text: `${more} more incidents` }] : [])],
        actions: actions.slice(0, 5),
      };
      const attachment = { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: card };
      const body = JSON.stringify({ type: 'message', attachments: [attachment] });
      return postJson(setting.outbound, delivery, { url, body, signal });
    },
  };
}

/** What comes from logs must not become Markdown: no link, no emphasis. */
function plain(text: string): string {
  return text.slice(0, MAX_TEXT_CHARACTERS).replace(/[\\`*_[\]()<>#~|]/g, '\\$&');
}
