import { type Channel, type ChannelSetting, linkTo, MAX_SHOWN } from './channel.js';
import { postJson } from './http-call.js';
import { factsOf, headlineOf, headlineOfOne } from './words.js';

export interface SlackOptions {
  /** Of an incoming webhook. */
  readonly url: string;
}

const COLOURS = { info: '#2f6feb', warning: '#d29922', critical: '#d1242f' } as const;
const RESOLVED_COLOUR = '#1a7f37';
/** Slack refuses longer texts. */
const MAX_SECTION_CHARACTERS = 3000;
const MAX_FIELD_CHARACTERS = 2000;

/** Slack, by an incoming webhook and Block Kit. */
export function slackChannel({ url }: SlackOptions, setting: ChannelSetting): Channel {
  return {
    deliver: (delivery, signal) => {
      const { incidents, reason } = delivery.notification;
      const attachments = incidents.slice(0, MAX_SHOWN).map((told) => {
        const { firing, incident } = told;
        const link = linkTo(setting, incident.id);
        const title = `*${escaped(headlineOfOne(told, reason))}*`;
        const text = `${link === undefined ? title : `<${link}|${title}>`}\n${escaped(incident.summary)}`;
        return {
          color: firing ? COLOURS[incident.severity] : RESOLVED_COLOUR,
          blocks: [
            { type: 'section', text: { type: 'mrkdwn', text: shortened(text, MAX_SECTION_CHARACTERS) } },
            {
              type: 'section',
              fields: factsOf(told).map(([name, value]) => {
                return {
                  type: 'mrkdwn',
                  text: shortened(`*${name}*\n${escaped(value) || '-'}`, MAX_FIELD_CHARACTERS),
                };
              }),
            },
          ],
        };
      });
      const more = incidents.length - attachments.length;
      const text = escaped(headlineOf(delivery.notification)) + (more > 0 ? ` (${more} more not shown)` : '');
      return postJson(setting.outbound, delivery, { url, body: JSON.stringify({ text, attachments }), signal });
    },
  };
}

/** As Slack asks for: what comes from logs must not become a mention or a link. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
