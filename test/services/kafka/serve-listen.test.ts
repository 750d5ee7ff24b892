import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonLines, Millrace, millrace, temporaryDirectory } from '../../integration/millrace.js';
import { until } from '../../until.js';
import { type Services, startServices, whyNoServices } from '../services.js';

const SERVICES = ['kafka', 'registry'] as const;
const reason = await whyNoServices(SERVICES);

describe.skipIf(reason)('a server that takes events into Kafka, without a pipeline', () => {
  let services: Services;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let server: Millrace;
  let log: readonly string[];

  beforeAll(async () => {
    directory = await temporaryDirectory();
    services = await startServices(SERVICES);
    const { brokers, registryUrl } = services.addresses;
    log = ['--brokers', brokers, '--registry', registryUrl];
    server = new Millrace([
      ...['serve', ...log, '--listen', '--partitions', '2', '--mask', 'client_ip=/24', '--no-auth'],
      ...['--http', '0', '--data-dir', join(directory.path, 'data')],
    ]);
  });

  afterAll(async () => {
    await server?.kill('SIGKILL');
    await services?.close();
    await directory?.remove();
  });

  async function consume<V>(topic: string): Promise<V[]> {
    const { code, stderr, stdout } = await millrace(['consume', topic, '--from-beginning', ...log]);
    expect(code, stderr).toBe(0);
    return jsonLines<{ value: V }>(stdout).map(({ value }) => value);
  }

  it('has what it has acknowledged in the topics, masked, once though it was sent twice, and inspect shows it', async () => {
    const url = await until(() => /dashboard: (http:\/\/[\d.:]+)/.exec(server.stdout)?.[1], {
      progress: () => server.stderr,
      patienceMs: 60_000,
    });
    const now = new Date().toISOString();
    const request = (number: number) =>
      JSON.stringify({
        ...{ client_ip: `203.0.113.${number}`, host: 'shop', method: 'GET', path: `/${number}`, status: 200 },
        '@timestamp': now,
      });
    const lines = [1, 2, 3].map(request);
    const service = JSON.stringify({ timestamp: now, service: 'cart', level: 'ERROR', message: 'no stock' });
    const body = [...lines, service, 'no line of anything'].join('\n');
    for (let sent = 0; sent < 2; sent++) {
      const response = await fetch(`${url}/api/v1/events`, { method: 'POST', body });
      expect(response.status, await response.clone().text()).toBeLessThan(300);
    }
    // The server is lost at once: what was acknowledged is durable.
    await server.kill('SIGKILL');
    const requests = await consume<{ client_ip: string; path: string }>('test-inter');
    expect(requests.map(({ client_ip, path }) => [client_ip, path]).sort()).toEqual(
      [1, 2, 3].map((number) => ['203.0.113.0', `/${number}`]),
    );
    expect(await consume('logs')).toMatchObject([{ service: 'cart', level: 'ERROR', message: 'no stock' }]);
    expect(await consume('test-inter-dlq')).toEqual(['no line of anything']);
    const inspected = await millrace(['inspect', 'test-inter', '--lines', '2', ...log]);
    expect(inspected.code, inspected.stderr).toBe(0);
    expect(inspected.stdout).toMatch(/^topic test-inter: 2 events, 0 lines refused, and more lines\n/);
    expect(inspected.stdout).toContain('203.0.113.0');
  });
});
