import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecordDecoder } from '../../../app/results/record-decoder.js';
import { channelSchema, fileSchema, routeSchema, webhookFile } from '../../../notify/config.js';
import type { DeliveryRecord } from '../../../notify/delivery-log.js';
import { Notifier } from '../../../notify/notifier.js';
import { NotifyService } from '../../../notify/notify-service.js';
import { Secrets } from '../../../notify/secrets.js';
import { Settings } from '../../../notify/settings.js';
import { makeNotifyTopics, NOTIFY_TOPICS, readToEnd } from '../../../notify/topics.js';
import type { Incident } from '../../../schemas/records.js';
import { SchemaDirectory } from '../../../schemas/schema-directory.js';
import { anIncident } from './incident.js';
import { hang, Receiver, reset, status } from './receiver.js';

const TOPIC = 'incidents';
const WAIT = { timeout: 20_000, interval: 20 };
let directory: string;
let log: EmbeddedLog;
let receiver: Receiver;
const running: { close(): Promise<void> }[] = [];
const problems: string[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-notify-'));
  log = await EmbeddedLog.inMemory();
  await log.ensureTopic(TOPIC, { partitions: 2 });
  await makeNotifyTopics(log);
  receiver = await Receiver.start();
  problems.length = 0;
});

afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
  await receiver.stop();
  await log.close();
  rmSync(directory, { recursive: true });
});

const secrets = () => Secrets.of(join(directory, 'notify.key'));
const decoder = () => new RecordDecoder(new SchemaDirectory(join(directory, 'schemas.json')));

function startNotifier(file = webhookFile(receiver.url)): Notifier {
  const notifier = Notifier.start({
    ...{ log, decoder: decoder(), incidentsTopic: TOPIC, settings: new Settings(log, file, secrets()) },
    retry: { retries: 10, firstMs: 5, longestMs: 20 },
    onProblem: (message) => problems.push(message),
  });
  running.push(notifier);
  return notifier;
}

async function stop(one: { close(): Promise<void> }): Promise<void> {
  running.splice(running.indexOf(one), 1);
  await one.close();
}

async function hear(incident: Incident | null, id = incident?.id ?? ''): Promise<void> {
  const transaction = log.transaction();
  const value = incident === null ? null : Buffer.from(JSON.stringify(incident));
  transaction.append(TOPIC, id.length % 2, Date.now(), Buffer.from(id), value);
  await transaction.commit();
}

const now = (id: string, changes: Partial<Incident> = {}) => {
  return anIncident(id, { opened: Date.now(), updated: Date.now(), ...changes });
};
const over = (id: string) => now(id, { state: 'resolved', resolved: Date.now() });

async function recordsOf(topic: string): Promise<Map<string, unknown>> {
  const records = new Map<string, unknown>();
  await readToEnd(log, topic, ({ key, value }) => {
    if (value === null) records.delete(key);
    else records.set(key, value);
  });
  return records;
}

async function deliveries(): Promise<DeliveryRecord[]> {
  return [...(await recordsOf(NOTIFY_TOPICS.deliveries)).values()] as DeliveryRecord[];
}

/** Until nothing is on its way. */
async function settled(count: number): Promise<DeliveryRecord[]> {
  await vi.waitFor(async () => {
    const all = await deliveries();
    expect(all.filter(({ state }) => state !== 'pending')).toHaveLength(count);
  }, WAIT);
  return deliveries();
}

const told = () =>
  (receiver.bodies as { type: string; data: { incidents: { id: string }[] } }[]).map(
    ({ data, type }) => `${type} ${data.incidents.map(({ id }) => id).join(' ')}`,
  );

describe('alert delivery', () => {
  it('tells each change of an incident once, in its order, and notes it', async () => {
    startNotifier();
    await hear(now('a'));
    await settled(1);
    await hear(now('a', { severity: 'critical' }));
    await hear(over('a'));
    const all = await settled(3);
    expect(told()).toEqual(['incident.opened a', 'incident.worse a', 'incident.resolved a']);
    expect(all.map(({ state }) => state)).toEqual(['delivered', 'delivered', 'delivered']);
    const keys = receiver.received.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(3);
    expect([...(await recordsOf(NOTIFY_TOPICS.state)).keys()].filter((key) => key.startsWith('pending/'))).toEqual([]);
  });

  it('tries again with the same key whatever goes wrong, and waits as long as it is asked to', async () => {
    receiver.behaviours = [status(500), reset, status(429, { 'retry-after': '1' }), status(503)];
    startNotifier();
    await hear(now('a'));
    const [only] = await settled(1);
    expect(only?.attempts.map(({ ok }) => ok)).toEqual([false, false, false, false, true]);
    expect(new Set(receiver.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    const [, , third, fourth] = receiver.received.map(({ at }) => at);
    expect((fourth ?? 0) - (third ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it('lets many deliveries wait at once, and warns of no leak', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `hook-${n}`);
    const { allow } = webhookFile(receiver.url);
    const channels = names.map((name) => ({ name, type: 'webhook', url: receiver.url }));
    const route = { channels: names, group_wait: 0, group_interval: 0 };
    receiver.behaviours = names.map(() => status(503, { 'retry-after': '1' }));
    const warnings: Error[] = [];
    const warn = (warning: Error) => void warnings.push(warning);
    process.on('warning', warn);
    startNotifier(fileSchema.parse({ allow, channels, route }));
    await hear(now('a'));
    const all = await settled(names.length);
    process.off('warning', warn);
    expect(all.map(({ attempts }) => attempts.length)).toEqual(names.map(() => 2));
    expect(warnings).toEqual([]);
  });

  it('gives up what is refused, and goes on with the next', async () => {
    receiver.behaviours = [status(400)];
    startNotifier();
    await hear(now('a'));
    await hear(now('bb'));
    const all = await settled(2);
    expect(all.map(({ state }) => state).sort()).toEqual(['delivered', 'failed']);
  });

  it('calls a receiver no more that is gone, until its channel is changed', async () => {
    receiver.behaviours = [status(410)];
    const first = startNotifier();
    await hear(now('a'));
    await settled(1);
    await vi.waitFor(() => expect(problems).toHaveLength(1), WAIT);
    await hear(now('b'));
    await vi.waitFor(async () => expect((await recordsOf(NOTIFY_TOPICS.state)).has('known/b')).toBe(true), WAIT);
    await stop(first);
    const [channel] = webhookFile(receiver.url).channels;
    const changed = {
      ...webhookFile(receiver.url),
      channels: channel === undefined ? [] : [{ ...channel, headers: { 'x-new': '1' } }],
    };
    startNotifier(changed as ReturnType<typeof webhookFile>);
    await hear(now('c'));
    await vi.waitFor(() => expect(told()).toContain('incident.opened c'), WAIT);
    expect(told()).not.toContain('incident.opened b');
  });

  it('goes on after it was ended in the midst of a call, with the same key, and forgets nothing', async () => {
    receiver.behaviours = [status(200), hang];
    const first = startNotifier();
    await hear(now('a'));
    await settled(1);
    await hear(now('b'));
    await vi.waitFor(() => expect(receiver.received).toHaveLength(2), WAIT);
    await stop(first);
    await hear(now('c'));
    startNotifier();
    await settled(3);
    const keys = receiver.received.map(({ headers }) => headers['idempotency-key']);
    expect(told().slice(0, 3)).toEqual(['incident.opened a', 'incident.opened b', 'incident.opened b']);
    expect(keys[1]).toBe(keys[2]);
    expect(told().slice(3)).toEqual(['incident.opened c']);
  });

  it('tells at its first start what goes on, and not what is over', async () => {
    await hear(now('old'));
    await hear(over('old'));
    await hear(now('on'));
    startNotifier();
    await settled(1);
    expect(told()).toEqual(['incident.opened on']);
  });

  it('is of one process at a time, and of the next when that ends', async () => {
    const first = startNotifier();
    startNotifier();
    await hear(now('a'));
    await settled(1);
    await stop(first);
    await hear(now('b'));
    await settled(2);
    expect(told()).toEqual(['incident.opened a', 'incident.opened b']);
  });

  it('heeds what people say of an incident', async () => {
    const file = fileSchema.parse({
      allow: ['127.0.0.1'],
      channels: [{ name: 'hook', type: 'webhook', url: receiver.url }],
      route: { channels: ['hook'], group_wait: 0, group_interval: 0, repeat_interval: '1s' },
    });
    startNotifier(file);
    await hear(now('a'));
    await vi.waitFor(() => expect(told()).toContain('incident.repeated a'), WAIT);
    const transaction = log.transaction();
    const actions = [{ action: 'resolved', by: 'ann', time: Date.now(), note: null, until: null }];
    transaction.append(
      NOTIFY_TOPICS.actions,
      0,
      Date.now(),
      Buffer.from('a'),
      Buffer.from(JSON.stringify({ incident: 'a', actions })),
    );
    await transaction.commit();
    await vi.waitFor(() => expect(told().at(-1)).toBe('incident.resolved a'), WAIT);
  });
});

describe('what is edited', () => {
  const service = async () => {
    const file = fileSchema.parse({ allow: ['127.0.0.1'] });
    const options = { log, decoder: decoder(), incidentsTopic: TOPIC, file, secrets: secrets() };
    const one = await NotifyService.start({ ...options, onProblem: (message) => problems.push(message) });
    running.push(one);
    return one;
  };

  it('can be tried by many at once, and Node warns of none', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => warnings.push(name);
    process.on('warning', onWarning);
    try {
      await once(silent, 'listening');
      const { port } = silent.address() as AddressInfo;
      const mail = {
        type: 'email',
        name: 'mail',
        host: '127.0.0.1',
        port,
        security: 'none',
        from: 'a@x.org',
        to: ['b@x.org'],
      };
      const one = await service();
      await one.settings.put('channel', 'mail', channelSchema.parse(mail));
      const tries = Array.from({ length: 12 }, () => one.test('mail'));
      await vi.waitFor(() => expect(sockets.size).toBe(12), WAIT);
      for (const socket of sockets) socket.destroy();
      expect((await Promise.all(tries)).map(({ ok }) => ok)).toEqual(Array(12).fill(false));
      expect(warnings).toEqual([]);
    } finally {
      process.off('warning', onWarning);
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  });

  it('takes effect where it is told, and keeps its secrets from who reads the log', async () => {
    const { settings } = await service();
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    await settings.put('channel', 'hook', {
      type: 'webhook',
      name: 'hook',
      url: receiver.url,
      secret,
      send_resolved: true,
    });
    const route = routeSchema.parse({ id: 'all', channels: ['hook'], group_wait: 0, group_interval: 0 });
    await settings.put('route', 'all', route);
    await vi.waitFor(async () => {
      await hear(now(`a${Date.now()}`));
      expect(receiver.received.length).toBeGreaterThan(0);
    }, WAIT);
    expect(receiver.received[0]?.headers['webhook-signature']).toMatch(/^v1,/);
    const kept = JSON.stringify([...(await recordsOf(NOTIFY_TOPICS.config))]);
    expect(kept).not.toContain(secret);
    expect(kept).not.toContain(receiver.url);
    expect(statSync(join(directory, 'notify.key')).mode & 0o777).toBe(0o600);
  });

  it('can be tried: a channel, a route, a silence; and what was told can be told again', async () => {
    const one = await service();
    const channel = { type: 'webhook', name: 'hook', url: receiver.url, send_resolved: true } as const;
    await one.settings.put('channel', 'hook', channel);
    expect(await one.test('hook')).toMatchObject({ ok: true, said: '200 ok' });
    receiver.behaviours = [status(500)];
    expect(await one.test('hook')).toMatchObject({ ok: false, said: 'answered 500 no' });
    await expect(one.test('nobody')).rejects.toMatchObject({ code: 'NOTIFY_UNKNOWN' });

    const route = routeSchema.parse({
      id: 'worst',
      matchers: ['severity="critical"'],
      channels: ['hook'],
      group_wait: 0,
    });
    await one.settings.put('route', 'worst', route);
    expect(one.tryRoutes(now('x')).routes).toMatchObject([{ route: 'root', channels: [] }]);
    expect(one.tryRoutes(now('x', { severity: 'critical' })).routes).toMatchObject([
      { route: 'edited/worst', channels: ['hook'] },
    ]);
    expect(one.preview(['scope=~".*y"'], [now('x'), now('y')]).map(({ id }) => id)).toEqual(['y']);

    await vi.waitFor(async () => {
      await hear(now('worst', { severity: 'critical' }));
      expect(one.deliveriesOf('worst')[0]?.state).toBe('delivered');
    }, WAIT);
    const [told] = one.deliveriesOf('worst');
    await one.replay(told?.id ?? '');
    expect(receiver.received.at(-1)?.headers['idempotency-key']).toBe(told?.id);
    await vi.waitFor(() => expect(one.deliveries.get(told?.id ?? '')?.attempts).toHaveLength(2), WAIT);
  });

  it('is not what the file has', async () => {
    const settings = new Settings(log, webhookFile(receiver.url), secrets());
    await expect(settings.put('channel', 'webhook', null)).rejects.toMatchObject({ code: 'NOTIFY_READ_ONLY' });
  });
});
