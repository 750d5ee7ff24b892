import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Millrace, millrace, temporaryDirectory } from '../../integration/millrace.js';
import { until } from '../../until.js';
import { startServices, whyNoServices } from '../services.js';

const reason = await whyNoServices(['elasticsearch']);

it.skipIf(reason)('a server that is told of Elasticsearch asks it for lines that are no longer in memory', async () => {
  const directory = await temporaryDirectory();
  const services = await startServices(['elasticsearch']);
  const dataDir = join(directory.path, 'data');
  const run = await millrace(['start', '--data-dir', dataDir, '--once', '--count', '90000', '--seed', '5']);
  expect(run.code, run.stderr).toBe(0);
  const place = ['--elasticsearch', services.addresses.elasticsearchUrl];
  const server = new Millrace(['serve', '--data-dir', dataDir, '--http', '127.0.0.1:0', '--no-auth', ...place]);
  try {
    const url = await until(() => /http:\/\/\S+/.exec(server.stdout)?.[0], { progress: () => server.stderr });
    await until(async () => (await fetch(`${url}/health/ready`)).status === 200);
    const ask = async (path: string) => {
      const response = await fetch(`${url}/api/v1/logs${path}`);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    // No sink has written: what memory does not hold is read of the log.
    const counted = await ask('/histogram?source=requests&from=latest-1d&step=1h');
    expect(counted.body).toMatchObject({ total: 90_000, searched: { store: 'elasticsearch', unavailable: null } });
    await services.kill('elasticsearch');
    const listed = await ask('?source=requests&from=0&limit=1000');
    expect(listed.body).toMatchObject({ searched: { limited: true, unavailable: expect.stringMatching(/answer/) } });
    const next = await ask(`?source=requests&from=0&limit=1000&cursor=${String(listed.body['next_cursor'])}`);
    expect(next).toMatchObject({ status: 503, body: { type: 'urn:millrace:problem:elasticsearch-failed' } });
  } finally {
    await server.kill('SIGTERM');
    await services.close();
    await directory.remove();
  }
});
