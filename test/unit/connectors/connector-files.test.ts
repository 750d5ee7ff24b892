// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are variables of connector files
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectorDirectory, loadConnectors } from '../../../connectors/connector-files.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-connectors-'));
});
afterEach(() => rm(directory, { recursive: true }));

const write = (file: string, content: unknown) =>
  writeFile(join(directory, file), typeof content === 'string' ? content : JSON.stringify(content));

it('reads a connector from each file and puts values into its variables', async () => {
  await write('b.json', { name: 'second', config: { 'tasks.max': 2, enabled: true } });
  await write('a.json', { name: 'first', config: { 'connection.url': '${ES:-http://es}' } });

  const connectors = await loadConnectors(directory, { ES: 'http://other' });

  expect(connectors).toEqual([
    { name: 'first', config: { 'connection.url': 'http://other' }, file: join(directory, 'a.json') },
    { name: 'second', config: { 'tasks.max': '2', enabled: 'true' }, file: join(directory, 'b.json') },
  ]);
});

it('leaves out a setting that comes to nothing', async () => {
  await write('a.json', { name: 'a', config: { user: '${USER_NAME:-}', password: '${PASSWORD:-}', url: 'u' } });

  const [connector] = await loadConnectors(directory, { USER_NAME: 'admin' });

  expect(connector?.config).toEqual({ user: 'admin', url: 'u' });
});

it('reads those that are named, and needs no variables of the others', async () => {
  await write('a.json', { name: 'a', config: { x: '${MISSING}' } });
  await write('b.json', { name: 'b', config: { x: 'y' } });

  expect((await loadConnectors(directory, {}, ['b'])).map(({ name }) => name)).toEqual(['b']);
});

it('tells a name that is not there, and what is', async () => {
  await write('a.json', { name: 'a', config: {} });

  await expect(loadConnectors(directory, {}, ['c'])).rejects.toThrow(/no connector "c" in .*; there are: a$/);
});

it('tells a file that is no JSON, and one that is no connector', async () => {
  await write('a.json', '{"name": ');
  await expect(loadConnectors(directory, {})).rejects.toMatchObject({ code: 'FILE_INVALID' });

  await write('a.json', { name: 'a', config: { x: ['y'] } });
  await expect(loadConnectors(directory, {})).rejects.toThrow(/a\.json is no connector: config\.x/);
});

it('refuses two connectors of one name', async () => {
  await write('a.json', { name: 'a', config: {} });
  await write('b.json', { name: 'a', config: {} });

  await expect(loadConnectors(directory, {})).rejects.toThrow('more than one connector named "a"');
});

describe.each(['confluent', 'local'] as const)('the %s connectors', (variant) => {
  it('are all there and need no variable', async () => {
    const names = (await loadConnectors(connectorDirectory(variant), {})).map(({ name }) => name);

    expect(names).toEqual([
      'elasticsearch-alerts',
      'elasticsearch-goals',
      'elasticsearch-logs',
      'elasticsearch-results',
      'elasticsearch-test-inter',
      'influxdb-goal3',
      'influxdb-goal4',
      'influxdb-incidents',
      'influxdb-sensors',
      'influxdb-server-errors',
      'influxdb-service-health',
      'influxdb-traffic',
      'influxdb-web-statistics',
    ]);
  });

  it('lose no record: what is bad goes to a queue of its own, with the reason', async () => {
    for (const { config, name } of await loadConnectors(connectorDirectory(variant), {})) {
      expect(config).toMatchObject({
        'errors.tolerance': 'all',
        'errors.deadletterqueue.topic.name': `connect-dlq-${name}`,
        'errors.deadletterqueue.context.headers.enable': 'true',
        'consumer.override.isolation.level': 'read_committed',
      });
    }
  });

  it('write each of the topics to Elasticsearch, the goals under their keys', async () => {
    const connectors = await loadConnectors(connectorDirectory(variant), {}, [
      'elasticsearch-test-inter',
      'elasticsearch-goals',
    ]);

    expect(connectors.map(({ config }) => [config['topics'], config['key.ignore']])).toEqual([
      ['goal1-topic,goal2-topic,goal3-topic,goal4-topic,server-errors-topic', 'false'],
      ['test-inter', 'true'],
    ]);
  });
});
