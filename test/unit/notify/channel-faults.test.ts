import { type AddressInfo, createServer, type Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alertmanagerChannel, alertmanagerWebhookChannel } from '../../../notify/channels/alertmanager.js';
import type { Channel, ChannelSetting, Delivery } from '../../../notify/channels/channel.js';
import { emailChannel } from '../../../notify/channels/email.js';
import { pagerDutyChannel } from '../../../notify/channels/pagerduty.js';
import { slackChannel } from '../../../notify/channels/slack.js';
import { teamsChannel } from '../../../notify/channels/teams.js';
import { webhookChannel } from '../../../notify/channels/webhook.js';
import { deliver } from '../../../notify/delivery.js';
import type { Attempt } from '../../../notify/delivery-log.js';
import { Outbound } from '../../../notify/outbound.js';
import { anIncident } from './incident.js';
import { type Behaviour, endless, hang, Receiver, reset, status } from './receiver.js';

const SECRET = `whsec_${Buffer.from('a key of 24 bytes or more').toString('base64')}`;
const TIMEOUT_MS = 500;
const setting: ChannelSetting = {
  ...{ name: 'test', outbound: new Outbound({ allow: ['127.0.0.1'], timeoutMs: TIMEOUT_MS }), dashboardUrl: undefined },
};
const delivery: Delivery = {
  id: 'msg_1',
  notification: {
    ...{ channel: 'test', route: 'r', group: 'g', groupLabels: {}, reason: 'opened', time: Date.now() },
    incidents: [{ incident: anIncident('incident/1'), firing: true, flapping: false, acknowledged: false }],
  },
};

/** Tries as alert delivery does, with short waits. */
async function told(channel: Channel) {
  const attempts: Attempt[] = [];
  const policy = { retries: 3, firstMs: 1, longestMs: 5 };
  const outcome = await deliver(channel, delivery, policy, new AbortController().signal, async (attempt) => {
    attempts.push(attempt);
  });
  return { ...outcome, attempts };
}

const CHANNELS: Readonly<Record<string, (url: string) => Channel>> = {
  webhook: (url) => webhookChannel({ url, secret: SECRET }, setting),
  alertmanager: (url) => alertmanagerChannel({ url }, setting),
  'alertmanager-webhook': (url) => alertmanagerWebhookChannel({ url }, setting),
  pagerduty: (url) => pagerDutyChannel({ routingKey: 'R', url }, setting),
  slack: (url) => slackChannel({ url }, setting),
  teams: (url) => teamsChannel({ url }, setting),
};

describe.each(Object.keys(CHANNELS))('a receiver of %s', (name) => {
  let receiver: Receiver;
  let other: Receiver;
  let channel: Channel;
  beforeEach(async () => {
    [receiver, other] = [await Receiver.start(), await Receiver.start()];
    const make = CHANNELS[name];
    if (make === undefined) throw new Error(name);
    channel = make(receiver.url);
  });
  afterEach(async () => {
    await receiver.stop();
    await other.stop();
  });

  it.each<[string, Behaviour]>([
    ['answers 500', status(500)],
    ['answers 503', status(503)],
    ['answers 408', status(408)],
    ['breaks the connection', reset],
    ['answers without end', endless],
  ])('that %s is told again, by the same key', async (_, behaviour) => {
    receiver.behaviours = [behaviour, behaviour];
    const { attempts, delivered } = await told(channel);
    expect(delivered).toBe(true);
    expect(attempts.map(({ ok }) => ok)).toEqual([false, false, true]);
    expect(new Set(receiver.received.map(({ headers }) => headers['idempotency-key']))).toEqual(new Set(['msg_1']));
    if (name !== 'webhook') return;
    for (const { body, headers } of receiver.received) {
      new Webhook(SECRET).verify(body, headers as Record<string, string>);
    }
  });

  it.each([
    [400, false],
    [404, false],
    [410, true],
  ])('that answers %s is not told again; that it is gone: %s', async (code, isGone) => {
    receiver.behaviours = [status(code)];
    expect(await told(channel)).toMatchObject({ delivered: false, isGone, attempts: [{ ok: false }] });
    expect(receiver.received).toHaveLength(1);
  });

  it.each([301, 302, 307, 308])('that sends elsewhere by %s is not followed there', async (code) => {
    receiver.behaviours = [status(code, { location: other.url })];
    const { attempts, delivered } = await told(channel);
    expect([delivered, attempts.length, other.received.length]).toEqual([false, 1, 0]);
  });
});

/** What takes its time, of all kinds of receivers at once. */
async function toldByAll(behaviours: readonly Behaviour[]) {
  return Promise.all(
    Object.values(CHANNELS).map(async (make) => {
      const receiver = await Receiver.start();
      receiver.behaviours = [...behaviours];
      const outcome = await told(make(receiver.url));
      await receiver.stop();
      return { ...outcome, received: receiver.received };
    }),
  );
}

it('a receiver of any of them that does not answer is told again, by the same key', async () => {
  for (const { attempts, delivered, received } of await toldByAll([hang])) {
    expect([delivered, attempts.length]).toEqual([true, 2]);
    expect(new Set(received.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  }
});

it('a receiver of any of them that wants fewer calls is told when it says', async () => {
  for (const { delivered, received } of await toldByAll([status(429, { 'retry-after': '1' })])) {
    const [first = 0, second = 0] = received.map(({ at }) => at);
    expect(delivered).toBe(true);
    expect(second - first).toBeGreaterThanOrEqual(990);
  }
});

describe('a mail server', () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  const channelTo = (port: number, security: 'none' | 'starttls' = 'none') =>
    emailChannel(
      { host: '127.0.0.1', port, security, timeoutMs: TIMEOUT_MS, from: 'm@logs.example', to: ['a@logs.example'] },
      setting,
    );

  /** @returns its port, and how many mails it took */
  async function smtp(options: SMTPServerOptions) {
    const server = new SMTPServer({
      ...{ authOptional: true, disabledCommands: ['STARTTLS', 'AUTH'], logger: false },
      onData: (stream, _session, done) => {
        stream.resume();
        stream.on('end', () => done(null));
      },
      ...options,
    });
    server.on('error', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
    return (server.server.address() as AddressInfo).port;
  }

  async function tcp(act: (socket: Socket) => void): Promise<number> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      act(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    });
    return (server.address() as AddressInfo).port;
  }

  const answering = (code: number) => Object.assign(new Error('no'), { responseCode: code });

  it.each([
    ['wants fewer mails (421)', () => smtp({ onConnect: (_, done) => done(answering(421)) })],
    ['knows no such mailbox now (450)', () => smtp({ onRcptTo: (_a, _s, done) => done(answering(450)) })],
    ['takes nothing of this sender now (451)', () => smtp({ onMailFrom: (_a, _s, done) => done(answering(451)) })],
    ['breaks the connection', () => tcp((socket) => socket.resetAndDestroy())],
  ])('that %s is told again', async (_, start) => {
    const { attempts, delivered } = await told(channelTo(await start()));
    expect([delivered, attempts.length]).toEqual([false, 4]);
  });

  it('that says nothing is told again', async () => {
    const port = await tcp(() => {});
    const failed = channelTo(port).deliver(delivery, new AbortController().signal);
    await expect(failed).rejects.toMatchObject({ retryable: true });
  });

  it('that is away for a moment gets the mail', async () => {
    let refused = 0;
    const port = await smtp({ onMailFrom: (_a, _s, done) => done(refused++ < 2 ? answering(451) : null) });
    expect((await told(channelTo(port))).attempts.map(({ ok }) => ok)).toEqual([false, false, true]);
  });

  it.each([
    ['knows no such mailbox (550)', () => smtp({ onRcptTo: (_a, _s, done) => done(answering(550)) })],
    ['takes nothing of this sender (553)', () => smtp({ onMailFrom: (_a, _s, done) => done(answering(553)) })],
  ])('that %s is not told again', async (_, start) => {
    const { attempts, delivered } = await told(channelTo(await start()));
    expect([delivered, attempts.length]).toEqual([false, 1]);
  });

  it('that does not speak TLS gets nothing where it is to', async () => {
    let mails = 0;
    const port = await smtp({
      onMailFrom: (_a, _s, done) => {
        mails++;
        done(null);
      },
    });
    expect((await told(channelTo(port, 'starttls'))).delivered).toBe(false);
    expect(mails).toBe(0);
  });
});
