import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { MlPrediction } from '../../schemas/records.js';
import { jsonLines, Millrace, millrace, temporaryDirectory } from '../integration/millrace.js';
import { until } from '../until.js';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let dataDir: string;
let running: Millrace | undefined;

beforeEach(async () => {
  directory = await temporaryDirectory();
  dataDir = join(directory.path, 'data');
});

afterEach(async () => {
  await running?.kill('SIGTERM');
  running = undefined;
  await directory.remove();
});

/** Some minutes of logs, processed. */
async function history(): Promise<void> {
  const args = ['start', '--data-dir', dataDir, '--pipelines', 'services', '--once'];
  const { code, stderr } = await millrace([...args, '--count', '40000', '--rate', '100', '--no-incidents']);
  expect(code, stderr).toBe(0);
}

async function predictions(): Promise<MlPrediction[]> {
  const { stdout } = await millrace(['consume', 'ml-predictions', '--data-dir', dataDir, '--from-beginning']);
  return jsonLines<{ value: MlPrediction }>(stdout).map(({ value }) => value);
}

const train = (...args: string[]) => millrace(['train', '--data-dir', dataDir, ...args]);

it('trains a version after the other, and a pipeline predicts by the newest', { timeout: 120_000 }, async () => {
  await history();
  expect(await predictions()).toEqual([]);
  expect((await train()).stdout).toMatch(/^version 1, trained on \d+ windows: .*services-1.json\n$/);
  expect((await train()).stdout).toMatch(/^version 2, /);
  // Another log, for its time is the same, and what has been closed stays closed.
  const models = join(dataDir, 'models');
  dataDir = join(directory.path, 'other');
  await cp(models, join(dataDir, 'models'), { recursive: true });
  await history();
  const found = await predictions();
  expect(found.length).toBeGreaterThan(300);
  expect(new Set(found.map(({ model_version }) => model_version))).toEqual(new Set([2]));
  expect(found.every(({ score }) => score > 0 && score < 1)).toBe(true);
});

it('refuses to train on too little, and says how little', { timeout: 60_000 }, async () => {
  await history();
  const { code, stderr } = await train('--least-windows', '1000000');
  expect(code).toBe(2);
  expect(stderr).toMatch(/there are [\d,]+ windows of services in service-health, and 1,000,000 are the least/);
});

it('trains by itself when there is no model, and takes a newer one while it runs', { timeout: 120_000 }, async () => {
  await history();
  running = new Millrace(['start', '--data-dir', dataDir, '--pipelines', 'services', '--log-rate', '200']);
  await until(() => (running?.stderr.includes('the model of services is version 1 now') ? true : undefined));
  const models = join(dataDir, 'models');
  const model = JSON.parse(await readFile(join(models, 'services-1.json'), 'utf8')) as { version: number };
  await writeFile(join(models, 'services-3.json'), '{"version":');
  await until(() => (running?.stderr.includes('services-3.json is no model, and is not used') ? true : undefined));
  await writeFile(join(models, 'services-4.json'), JSON.stringify({ ...model, version: 4 }));
  await until(() => (running?.stderr.includes('the model of services is version 4 now') ? true : undefined));
  await until(async () => ((await predictions()).some((one) => one.model_version === 4) ? true : undefined), {
    patienceMs: 60_000,
  });
  expect(await readdir(models)).toEqual(['services-1.json', 'services-3.json', 'services-4.json']);
});
