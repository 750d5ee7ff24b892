import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { until } from '../until.js';
import { Millrace, temporaryDirectory } from './millrace.js';

let millrace: Millrace | undefined;
let directory: Awaited<ReturnType<typeof temporaryDirectory>> | undefined;

afterEach(async () => {
  millrace?.process.kill('SIGTERM');
  await millrace?.finished;
  await directory?.remove();
});

it('takes over whom incidents are told while it runs, names what needs a restart, and keeps all where a file is wrong', async () => {
  directory = await temporaryDirectory();
  const settings = join(directory.path, 'millrace.yaml');
  const alerts = join(directory.path, 'alerts.yaml');
  const write = (grace: string) =>
    writeFile(settings, `grace: ${grace}\nlake: false\nauth: false\nhttp: 127.0.0.1:0\nrate: 1\nalerts: ${alerts}\n`);
  const tell = (...names: string[]) =>
    writeFile(
      alerts,
      `channels:\n${names.map((name) => `  - { name: ${name}, type: webhook, url: 'https://example.com/' }\n`).join('')}`,
    );
  await tell('first');
  await write('5s');
  const running = new Millrace(['start', '--config', settings, '--data-dir', join(directory.path, 'data')]);
  millrace = running;
  const said = (text: string | RegExp) =>
    until(() => running.stderr.match(text) ?? undefined, {
      progress: () => running.stderr.length,
    });
  const [, url] = await said(/dashboard: (http:\S+)/);
  const channels = async () => {
    const { items } = (await (await fetch(`${url}/api/v1/channels`)).json()) as { items: { name: string }[] };
    return items.map(({ name }) => name).sort();
  };
  expect(await channels()).toEqual(['first']);

  await tell('first', 'second');
  await until(async () => (await channels()).length === 2 || undefined);
  await said('the settings were read again, for a file has changed');

  await write('7s');
  await said('changed, and only used after a restart: grace');

  await writeFile(alerts, 'channels: [{ name: third }]');
  await said(/the settings stay as they were: --alerts: .*channels\.0/);
  await writeFile(settings, 'grace: soon\n');
  await said(/the settings stay as they were:[\s\S]*soon/);
  expect(await channels()).toEqual(['first', 'second']);

  await tell('third');
  await write('7s');
  await until(async () => (await channels())[0] === 'third' || undefined);
  const before = running.stderr.length;
  running.process.kill('SIGHUP');
  await until(() => running.stderr.slice(before).includes('the settings were read again\n') || undefined);
});

it('takes over limits, exclusions and what is kept, which count from then on', async () => {
  directory = await temporaryDirectory();
  const settings = join(directory.path, 'millrace.yaml');
  const data = join(directory.path, 'data');
  const write = (limits: string) =>
    writeFile(settings, `lake: false\nauth: false\nhttp: 127.0.0.1:0\nrate: 50\n${limits}`);
  await write('goal1-threshold: 100000\n');
  const running = new Millrace(['start', '--config', settings, '--data-dir', data]);
  millrace = running;
  const said = (text: string | RegExp) =>
    until(() => running.stderr.match(text) ?? undefined, { progress: () => running.stderr.length });
  const [, url] = await said(/dashboard: (http:\S+)/);
  await said(/events/);
  expect(running.stderr).not.toMatch(/goal 1: [1-9]/);

  const maintenance = 'maintenance: service:shop=2026-12-01T02:00/2h\nbudget: service:shop=1/month\n';
  await write(`goal1-threshold: 1\nretention: 1d\nexclude-clients: 192.0.2.0/24\nendpoint-limit: 100\n${maintenance}`);
  const taken = await said(/taken over: (.*)/);
  expect(taken[1]?.split(', ').sort()).toEqual([
    'budget',
    'endpoint-limit',
    'exclude-clients',
    'goal1-threshold',
    'maintenance',
    'retention',
  ]);
  await said(/goal 1: [1-9]/);
  const shown = (await (await fetch(`${url}/api/v1/settings`)).json()) as { readonly limits: readonly unknown[] };
  expect(shown).toMatchObject({ excluded_clients: 1, retention: [{ topic: null, age_ms: 86_400_000 }] });
  expect(shown.limits[0]).toMatchObject({ setting: 'goal1-threshold', most: 1 });

  // What cannot be is refused, and all stays as it was.
  await write('goal1-threshold: 1\nexclude-clients: 192.0.2.0/99\n');
  await said(/the settings stay as they were:[\s\S]*exclude-clients/);
});
