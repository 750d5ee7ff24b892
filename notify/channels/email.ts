import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { DeliveryError } from '../delivery-error.js';
import { type Channel, type ChannelSetting, linkTo } from './channel.js';
import { factsOf, headlineOfOne } from './words.js';

export interface EmailOptions {
  readonly host: string;
  readonly port: number;
  /** `tls` from the first byte, `starttls` before anything is said, or `none`. */
  readonly security: 'tls' | 'starttls' | 'none';
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
  /** Of each step; default 15 s. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 15_000;

/** Mail: one message an incident and notification; what is said of one incident is one thread. */
export function emailChannel(options: EmailOptions, setting: ChannelSetting): Channel {
  const { from, host, password, port, security, timeoutMs = TIMEOUT_MS, to, user } = options;
  const domain = /@([^\s>]+)>?\s*$/.exec(from)?.[1] ?? 'millrace';
  return {
    deliver: async (delivery, signal) => {
      const [address] = await setting.outbound.addressesOf(host);
      const { createTransport } = await import('nodemailer');
      const transport = createTransport({
        // The address that was looked at, under the name that its certificate is for.
        ...{ host: address ?? host, port, secure: security === 'tls', requireTLS: security === 'starttls' },
        ignoreTLS: security === 'none',
        tls: isIP(host) === 0 ? { servername: host } : {},
        ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
        ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
        ...{ disableFileAccess: true, disableUrlAccess: true },
      });
      const stop = () => transport.close();
      signal.addEventListener('abort', stop);
      try {
        let said = '';
        for (const told of delivery.notification.incidents) {
          const thread = createHash('sha256').update(told.incident.id).digest('hex').slice(0, 32);
          const root = `<${thread}@${domain}>`;
          const link = linkTo(setting, told.incident.id);
          const facts = factsOf(told).map(([name, value]) => `${name}: ${value}`);
          const { response } = await transport.sendMail({
            ...{ from, to: [...to], subject: oneLine(headlineOfOne(told, delivery.notification.reason)) },
            text: [told.incident.summary, '', ...facts, ...(link === undefined ? [] : ['', link])].join('\n'),
            // The same each time that it is tried, so that a mailbox shows it once.
            messageId: `<${delivery.id}.${thread}@${domain}>`,
            ...{ inReplyTo: root, references: [root] },
            headers: { 'Auto-Submitted': 'auto-generated' },
          });
          said = response;
        }
        return said;
      } catch (cause) {
        if (cause instanceof DeliveryError) throw cause;
        const { message, responseCode } = cause as Error & { readonly responseCode?: number };
        // RFC 5321: 5xx is refused for good, all else may go well later.
        const retryable = responseCode === undefined || responseCode < 500;
        throw new DeliveryError(`${host}: ${message}`, { retryable, cause });
      } finally {
        signal.removeEventListener('abort', stop);
        transport.close();
      }
    },
  };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 200);
}
