import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfluentRegistry } from '../../../schemas/confluent-registry.js';
import type { Incident } from '../../../schemas/records.js';
import { registerSerdes } from '../../../topology/serdes.js';
import { Millrace, temporaryDirectory } from '../../integration/millrace.js';
import { anIncident } from '../../unit/notify/incident.js';
import { hang, Receiver } from '../../unit/notify/receiver.js';
import { until } from '../../until.js';
import { type Services, startServices, whyNoServices } from '../services.js';

const reason = await whyNoServices(['kafka', 'registry']);
/** A broker takes a member for lost that is silent for 45 s. */
const TAKE_OVER = { patienceMs: 90_000 };
/** As in a run of a pipeline, incidents come one after the other. */
const PACE_MS = 20;

interface Told {
  readonly type: string;
  readonly data: { readonly incidents: readonly { readonly id: string }[] };
}

describe.skipIf(reason)('alert delivery of several servers on Kafka', () => {
  let services: Services;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let log: KafkaLog;
  let receiver: Receiver;
  const servers = new Map<string, Millrace>();

  beforeAll(async () => {
    services = await startServices(['kafka', 'registry']);
    directory = await temporaryDirectory();
    log = await KafkaLog.open({ brokers: services.addresses.brokers, say: () => {} });
    await log.ensureTopic('incidents', { partitions: 2 });
    receiver = await Receiver.start();
  }, 120_000);
  afterAll(async () => {
    for (const one of servers.values()) await one.kill('SIGKILL');
    await receiver?.stop();
    await log?.close();
    await services?.close();
    await directory?.remove();
  });

  /** A server that says who it is in each call. */
  async function serve(name: string): Promise<void> {
    const file = join(directory.path, `${name}.json`);
    const channel = { name: 'hook', type: 'webhook', url: receiver.url, headers: { 'x-server': name } };
    const route = { channels: ['hook'], group_wait: 0, group_interval: 0 };
    await writeFile(file, JSON.stringify({ allow: ['127.0.0.1'], channels: [channel], route }));
    const { brokers, registryUrl } = services.addresses;
    const server = new Millrace(
      [
        ...['serve', '--brokers', brokers, '--registry', registryUrl, '--data-dir', join(directory.path, name)],
        ...['--http', '127.0.0.1:0', '--no-auth', '--alerts', file],
      ],
      { env: { MILLRACE_SECRET_KEY: Buffer.alloc(32, 1).toString('base64') } },
    );
    servers.set(name, server);
    await until(() => server.stdout.includes('dashboard:'), { progress: () => server.stderr.length });
  }

  async function hear(ids: readonly string[]): Promise<void> {
    const registry = new ConfluentRegistry({ url: services.addresses.registryUrl, autoRegister: true });
    const serdes = await registerSerdes(registry, { incidents: 'incidents' });
    for (const [index, id] of ids.entries()) {
      const incident: Incident = anIncident(id, { opened: Date.now(), updated: Date.now() });
      const value = serdes.incidents.serialize('incidents', incident);
      const transaction = log.transaction();
      transaction.append('incidents', index % 2, Date.now(), Buffer.from(id), value);
      await transaction.commit();
      await delay(PACE_MS);
    }
    registry.close();
  }

  /** By incident, the keys of the calls that told that it opened, and who made them. */
  function told(): Map<string, { readonly keys: Set<string>; readonly by: Set<string> }> {
    const all = new Map<string, { readonly keys: Set<string>; readonly by: Set<string> }>();
    for (const { body, headers } of receiver.received) {
      const { data, type } = JSON.parse(body) as Told;
      if (type !== 'incident.opened') continue;
      for (const { id } of data.incidents) {
        const one = all.get(id) ?? { keys: new Set(), by: new Set() };
        one.keys.add(String(headers['idempotency-key']));
        one.by.add(String(headers['x-server']));
        all.set(id, one);
      }
    }
    return all;
  }
  const leader = () => String(receiver.received.at(-1)?.headers['x-server']);
  const allTold = (ids: readonly string[]) =>
    until(() => ids.every((id) => told().has(id)), { progress: () => receiver.received.length, ...TAKE_OVER });
  const named = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${i}`);
  const toldTwice = () => [...told()].filter(([, { keys }]) => keys.size > 1);

  it('tells each incident once, though the one that tells is killed in the midst of it', async () => {
    await serve('a');
    await serve('b');
    await hear(named('first', 5));
    await allTold(named('first', 5));
    const killed = leader();
    expect(new Set([...told().values()].flatMap(({ by }) => [...by]))).toEqual(new Set([killed]));
    // The calls of some are not answered when it dies: they are repeated, with their keys.
    receiver.behaviours = [hang, hang, hang];
    const heard = hear(named('second', 100));
    await until(() => told().size > 40);
    await servers.get(killed)?.kill('SIGKILL');
    await heard;
    await allTold(named('second', 100));
    expect(leader()).not.toBe(killed);
    expect(toldTwice()).toEqual([]);
    const repeated = receiver.received.length - told().size;
    expect(repeated).toBeGreaterThanOrEqual(3);
    // Those that were on their way, eight at a time at most, or whose answer was not written yet.
    expect(repeated).toBeLessThan(20);
  }, 300_000);

  it('tells each incident once, though the one that tells is frozen until another has taken over', async () => {
    const frozen = leader();
    await serve('c');
    const server = servers.get(frozen)?.process;
    server?.kill('SIGSTOP');
    await hear(named('third', 20));
    await allTold(named('third', 20));
    expect(leader()).not.toBe(frozen);
    server?.kill('SIGCONT');
    // It may be given the right back, as a new member.
    await hear(named('fourth', 50));
    await allTold(named('fourth', 50));
    expect(toldTwice()).toEqual([]);
  }, 300_000);
});
