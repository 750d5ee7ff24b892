import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alertmanagerChannel, alertmanagerWebhookChannel } from '../../../notify/channels/alertmanager.js';
import type { Channel, ChannelSetting, Delivery } from '../../../notify/channels/channel.js';
import { commandChannel } from '../../../notify/channels/command.js';
import { emailChannel } from '../../../notify/channels/email.js';
import { retryAfterMs } from '../../../notify/channels/http-call.js';
import { pagerDutyChannel } from '../../../notify/channels/pagerduty.js';
import { slackChannel } from '../../../notify/channels/slack.js';
import { teamsChannel } from '../../../notify/channels/teams.js';
import { webhookChannel } from '../../../notify/channels/webhook.js';
import type { Notification } from '../../../notify/decider.js';
import { Outbound } from '../../../notify/outbound.js';
import type { Incident } from '../../../schemas/records.js';
import { anIncident } from './incident.js';
import { Receiver, status } from './receiver.js';

const AT = Date.parse('2026-05-01T10:00:00Z');
const setting: ChannelSetting = {
  ...{ name: 'test', outbound: new Outbound({ allow: ['127.0.0.1'] }), dashboardUrl: 'https://logs.example' },
};

function aDelivery(reason: Notification['reason'], firing: boolean, changes: Partial<Incident> = {}): Delivery {
  const state = firing ? {} : { state: 'resolved' as const, resolved: AT };
  const incident = anIncident('incident/1', { opened: AT - 60_000, ...state, ...changes });
  const incidents = [{ incident, firing, flapping: false, acknowledged: false }];
  const notification = {
    channel: 'test',
    route: 'r',
    group: 'g',
    groupLabels: { incident: ['incident/1'] },
    reason,
    time: AT,
    incidents,
  };
  return { id: 'msg_1', notification };
}

const signal = new AbortController().signal;
let receiver: Receiver;
beforeEach(async () => {
  receiver = await Receiver.start();
});
afterEach(() => receiver.stop());

describe('a webhook', () => {
  const secret = `whsec_${Buffer.from('a key of 24 bytes or more').toString('base64')}`;

  it('is signed as Standard Webhooks verifies it, under the same id each time', async () => {
    const channel = webhookChannel({ url: receiver.url, secret }, setting);
    await channel.deliver(aDelivery('opened', true), signal);
    await channel.deliver(aDelivery('opened', true), signal);
    for (const { body, headers } of receiver.received) {
      const verified = new Webhook(secret).verify(body, headers as Record<string, string>);
      expect(verified).toMatchObject({
        type: 'incident.opened',
        data: { incidents: [{ id: 'incident/1', firing: true }] },
      });
      expect(headers).toMatchObject({ 'webhook-id': 'msg_1', 'idempotency-key': 'msg_1' });
      expect(() => new Webhook(secret).verify(`${body} `, headers as Record<string, string>)).toThrow();
    }
  });

  it.each([
    [429, { 'retry-after': '7' }, { retryable: true, retryAfterMs: 7000, isGone: false }],
    [503, {}, { retryable: true, retryAfterMs: undefined }],
    [500, {}, { retryable: true }],
    [410, {}, { retryable: false, isGone: true }],
    [400, {}, { retryable: false, isGone: false }],
    [302, { location: 'http://127.0.0.1/' }, { retryable: false, message: 'answered 302: redirects are not followed' }],
  ])('that answers %s says what to do', async (code, headers, expected) => {
    receiver.behaviours = [status(code, headers as Record<string, string>)];
    const failure = await webhookChannel({ url: receiver.url }, setting)
      .deliver(aDelivery('opened', true), signal)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject(expected);
    expect(receiver.received).toHaveLength(1);
  });

  it.each([
    ['120', 120_000],
    ['Fri, 01 May 2026 10:00:30 GMT', 30_000],
    ['Fri, 01 May 2026 09:00:00 GMT', 0],
    ['soon', undefined],
    ['999999999', 3_600_000],
  ])('may be asked to wait by Retry-After: %s', (text, expected) => {
    expect(retryAfterMs(text, AT)).toBe(expected);
  });
});

describe('Alertmanager', () => {
  it('gets alerts of its API v2 that go on, and that are over', async () => {
    const channel = alertmanagerChannel({ url: `${receiver.url}/` }, setting);
    await channel.deliver(aDelivery('opened', true), signal);
    await channel.deliver(aDelivery('resolved', false), signal);
    expect(receiver.received.map(({ path }) => path)).toEqual(['/api/v2/alerts', '/api/v2/alerts']);
    expect(receiver.bodies).toEqual([
      [expect.objectContaining({ startsAt: '2026-05-01T09:59:00.000Z', endsAt: '2026-05-01T18:00:00.000Z' })],
      [expect.objectContaining({ startsAt: '2026-05-01T09:59:00.000Z', endsAt: '2026-05-01T10:00:00.000Z' })],
    ]);
  });

  it('is told that what is worse is no longer what it was', async () => {
    await alertmanagerChannel({ url: receiver.url }, setting).deliver(
      aDelivery('worse', true, { severity: 'critical' }),
      signal,
    );
    const [alerts] = receiver.bodies as { labels: { severity: string }; endsAt: string }[][];
    expect(alerts?.map(({ endsAt, labels }) => [labels.severity, endsAt])).toEqual([
      ['critical', '2026-05-01T18:00:00.000Z'],
      ['info', '2026-05-01T10:00:00.000Z'],
      ['warning', '2026-05-01T10:00:00.000Z'],
    ]);
  });

  it('has a webhook format that its receivers know', async () => {
    await alertmanagerWebhookChannel({ url: receiver.url }, setting).deliver(aDelivery('resolved', false), signal);
    expect(receiver.bodies[0]).toMatchObject({
      ...{ version: '4', status: 'resolved', receiver: 'test', groupLabels: { incident: 'incident/1' } },
      commonLabels: { alertname: 'MillraceIncident', severity: 'warning' },
      externalURL: 'https://logs.example',
      alerts: [
        {
          status: 'resolved',
          endsAt: '2026-05-01T10:00:00.000Z',
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        },
      ],
    });
  });
});

describe('PagerDuty', () => {
  it('has one incident for one here', async () => {
    const channel = pagerDutyChannel({ routingKey: 'R', url: receiver.url }, setting);
    await channel.deliver(aDelivery('opened', true), signal);
    await channel.deliver(aDelivery('resolved', false), signal);
    expect(receiver.bodies).toMatchObject([
      { routing_key: 'R', event_action: 'trigger', dedup_key: 'incident/1', payload: { severity: 'warning' } },
      { routing_key: 'R', event_action: 'resolve', dedup_key: 'incident/1' },
    ]);
  });
});

describe('messages', () => {
  const hostile = { summary: '<!channel> [click](http://evil.example) & *bold*' };

  it('in Slack mention nobody that a log line names', async () => {
    await slackChannel({ url: receiver.url }, setting).deliver(aDelivery('opened', true, hostile), signal);
    const text = receiver.received[0]?.body ?? '';
    expect(text).toContain('&lt;!channel&gt;');
    expect(text).not.toContain('<!channel>');
    expect(receiver.bodies[0]).toMatchObject({
      text: 'Warning: scope of incident/1',
      attachments: [{ color: '#d29922' }],
    });
  });

  it('in Teams are an Adaptive Card without links that a log line brings', async () => {
    await teamsChannel({ url: receiver.url }, setting).deliver(aDelivery('opened', true, hostile), signal);
    expect(receiver.bodies[0]).toMatchObject({
      type: 'message',
      attachments: [
        { contentType: 'application/vnd.microsoft.card.adaptive', content: { type: 'AdaptiveCard', version: '1.4' } },
      ],
    });
    expect(receiver.received[0]?.body).toContain(String.raw`\\[click\\]\\(http`);
  });
});

describe('mail', () => {
  interface Mail {
    readonly text: string;
  }
  async function mailServer(refuse: (number | undefined)[] = []) {
    const mails: Mail[] = [];
    const server = new SMTPServer({
      ...{ authOptional: true, disabledCommands: ['STARTTLS', 'AUTH'] },
      onData: (stream, _session, done) => {
        let text = '';
        stream.on('data', (chunk) => {
          text += chunk;
        });
        stream.on('end', () => {
          const code = refuse.shift();
          if (code === undefined) mails.push({ text });
          done(code === undefined ? null : Object.assign(new Error('no'), { responseCode: code }));
        });
      },
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.server.address() as AddressInfo;
    const channel: Channel = emailChannel(
      {
        ...{ host: '127.0.0.1', port, security: 'none' },
        from: 'Millrace <mill@logs.example>',
        to: ['ann@logs.example'],
      },
      setting,
    );
    return { mails, channel, stop: () => new Promise<void>((resolve) => server.close(() => resolve())) };
  }
  const header = (mail: Mail | undefined, name: string) =>
    new RegExp(`^${name}: (.*)`, 'im').exec(mail?.text ?? '')?.[1]?.trim();

  it('of one incident is one thread, and the same message each time that it is tried', async () => {
    const { channel, mails, stop } = await mailServer();
    await channel.deliver(aDelivery('opened', true), signal);
    await channel.deliver(aDelivery('opened', true), signal);
    await channel.deliver({ ...aDelivery('resolved', false), id: 'msg_2' }, signal);
    await stop();
    const [first, again, end] = mails;
    expect(header(first, 'References')).toMatch(/^<[0-9a-f]{32}@logs\.example>$/);
    expect(header(end, 'References')).toBe(header(first, 'References'));
    expect(header(again, 'Message-ID')).toBe(header(first, 'Message-ID'));
    expect(header(end, 'Message-ID')).not.toBe(header(first, 'Message-ID'));
    expect(header(end, 'Subject')).toBe('Resolved: scope of incident/1');
  });

  it('cannot be given headers by what a log line says', async () => {
    const { channel, mails, stop } = await mailServer();
    await channel.deliver(aDelivery('opened', true, { scope: 'a\r\nBcc: eve@evil.example' }), signal);
    await stop();
    expect(header(mails[0], 'Bcc')).toBeUndefined();
    expect(header(mails[0], 'Subject')).toContain('Warning: a Bcc: eve@evil.example');
  });

  it.each([
    [451, true],
    [550, false],
  ])('that is refused with %s is worth another try: %s', async (code, retryable) => {
    const { channel, stop } = await mailServer([code]);
    await expect(channel.deliver(aDelivery('opened', true), signal)).rejects.toMatchObject({ retryable });
    await stop();
  });
});

describe('a command', () => {
  it('reads the notification, and knows nothing else of this process', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-command-'));
    const file = join(directory, 'told.json');
    process.env['MILLRACE_TEST_SECRET'] = 'secret';
    const script = `let t='';process.stdin.on('data',c=>t+=c).on('end',()=>require('fs').writeFileSync(process.argv[1],JSON.stringify({told:JSON.parse(t),env:process.env})))`;
    await commandChannel({ command: [process.execPath, '-e', script, file] }).deliver(
      aDelivery('opened', true),
      signal,
    );
    delete process.env['MILLRACE_TEST_SECRET'];
    const { env, told } = JSON.parse(readFileSync(file, 'utf8'));
    rmSync(directory, { recursive: true });
    expect(told).toMatchObject({ id: 'msg_1', reason: 'opened', incidents: [{ incident: { id: 'incident/1' } }] });
    expect(env).toMatchObject({ MILLRACE_DELIVERY: 'msg_1' });
    expect(env).not.toHaveProperty('MILLRACE_TEST_SECRET');
  });

  it.each([
    ['fails', 'process.exit(3)', /ended with 3/],
    ['does not end', 'setInterval(()=>{},1000)', /did not end within|SIGKILL/],
  ])('that %s is tried again', async (_, script, message) => {
    const channel = commandChannel({ command: [process.execPath, '-e', script], timeoutMs: 3000 });
    const failure = await channel.deliver(aDelivery('opened', true), signal).catch((error: unknown) => error);
    expect(failure).toMatchObject({ retryable: true, message: expect.stringMatching(message) });
  });
});
