import { spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../integration/millrace.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What a program needs beside the package: the log's LevelDB, and a compiler. */
const BESIDE = ['level', 'avsc', 'typescript', '@types/node'];
const STRICT = {
  compilerOptions: {
    target: 'ES2022',
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    types: ['node'],
  },
  include: ['*.ts'],
};
/** Goes on where the program of the README ends: clicks go in, and counts come out. */
const CLICKS = `
import type { RecordCursor } from '@millrace/streams';
const clicks = log.transaction();
for (let second = 0; second < 120; second++) {
  clicks.append('clicks', second % 4, 1_700_000_000_000 + second * 1000, Buffer.from('u' + (second % 7)), Buffer.from('/home'));
}
await clicks.commit();
const results = log.consumer();
for (let partition = 0; partition < 4; partition++) results.assign({ topic: 'clicks-by-page', partition }, 0);
const seen = new Map<string, number>();
const text = (cursor: RecordCursor) => cursor.keyBytes.toString('utf8', cursor.keyStart, cursor.keyEnd);
const count = (cursor: RecordCursor) =>
  numberSerde.deserialize('clicks-by-page', cursor.valueBytes, cursor.valueStart, cursor.valueEnd);
while (seen.get('/home@1700000010000') !== 60) {
  for (const cursor of await results.poll(100)) while (cursor.next()) seen.set(text(cursor), count(cursor));
}
console.log('a minute from the tenth second on', seen.get('/home@1700000010000'));
await results.close();
await app.close();
await log.close();
`;
const DRIVER = `
import { jsonSerde, numberSerde, StreamsBuilder, stringSerde } from '@millrace/streams';
import { TopologyTestDriver } from '@millrace/streams/testing';
const builder = new StreamsBuilder();
builder
  .stream('orders', { key: stringSerde, value: jsonSerde<{ amount: number }>() })
  .mapValues((order) => order?.amount ?? 0)
  .groupByKey({ key: stringSerde, value: numberSerde })
  .reduce((left, right) => left + right, { name: 'totals' })
  .toStream()
  .to('totals', { key: stringSerde, value: numberSerde });
const orders = jsonSerde<{ amount: number }>();
const driver = await TopologyTestDriver.create(builder.build());
await driver.pipeInput('orders', stringSerde, orders, { key: 'a', value: { amount: 3 }, timestamp: 0 });
await driver.pipeInput('orders', stringSerde, orders, { key: 'a', value: { amount: 7 }, timestamp: 1 });
for (const { key, value } of await driver.readOutput('totals', stringSerde, numberSerde)) console.log([key, value]);
await driver.close();
`;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let project: string;

function run(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): string {
  const { error, status, stderr, stdout } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  expect(status, `${program} ${args.join(' ')}\n${error ?? ''}${stdout}${stderr}`).toBe(0);
  return stdout;
}

/** The package as it would be published, made beside the checkout, for other tests run what is built there. */
async function pack(target: string): Promise<string> {
  await mkdir(target);
  await cp(join(ROOT, 'tsconfig.json'), join(target, 'tsconfig.json'));
  await symlink(join(ROOT, 'node_modules'), join(target, 'node_modules'));
  const streams = join(target, 'streams');
  await cp(join(ROOT, 'streams'), streams, {
    recursive: true,
    filter: (path) => !/\/streams\/(dist|node_modules)(\/|$)/.test(path),
  });
  run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'streams'], target);
  run('npm', ['pack', '--pack-destination', target], streams);
  const archive = (await readdir(target)).find((name) => name.endsWith('.tgz'));
  return join(target, archive ?? '');
}

describe('the package @millrace/streams, installed into an empty project', () => {
  beforeAll(async () => {
    directory = await temporaryDirectory();
    const archive = await pack(join(directory.path, 'package'));
    project = join(directory.path, 'project');
    await mkdir(project);
    const [readme, manifest] = await Promise.all(
      ['README.md', 'package.json'].map((name) => readFile(join(ROOT, name), 'utf8')),
    );
    const { dependencies, devDependencies } = JSON.parse(manifest ?? '') as Record<string, Record<string, string>>;
    const beside = BESIDE.map((name) => `${name}@${dependencies?.[name] ?? devDependencies?.[name]}`);
    const [, program = ''] = /```ts\n(.*?)```/s.exec(readme ?? '') ?? [];
    await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'project', type: 'module', private: true }));
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(STRICT));
    await writeFile(join(project, 'clicks.ts'), program + CLICKS);
    await writeFile(join(project, 'driver.ts'), DRIVER);
    run(
      'npm',
      ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', archive, ...beside],
      project,
    );
  }, 300_000);

  afterAll(() => directory.remove());

  it('brings no database of countries, no DuckDB and no Kafka client along', async () => {
    const installed = await readdir(join(project, 'node_modules'));
    const scopes = installed.filter((name) => name.startsWith('@'));
    expect(scopes).not.toContain('@duckdb');
    expect(scopes).not.toContain('@ip-location-db');
    expect(scopes).not.toContain('@confluentinc');
  });

  it('type-checks in strict programs that check the declarations of libraries, too', { timeout: 300_000 }, () => {
    run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], project);
    expect(run(process.execPath, ['clicks.js'], project)).toBe('a minute from the tenth second on 60\n');
    expect(run(process.execPath, ['driver.js'], project)).toBe("[ 'a', 3 ]\n[ 'a', 10 ]\n");
  });

  it('says what is missing when an entry wants a package that is not installed', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', "await import('@millrace/streams/kafka')"],
      { cwd: project, encoding: 'utf8' },
    );
    expect(status).toBe(1);
    expect(stderr).toContain('@confluentinc/kafka-javascript');
  });
});
