import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { millrace, temporaryDirectory } from './millrace.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let program: string;

/** An installation like this checkout's, where the Kafka client could not be installed. */
beforeAll(async () => {
  directory = await temporaryDirectory();
  const modules = join(directory.path, 'node_modules');
  await mkdir(modules);
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (name !== '@confluentinc') await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
  expect((await millrace(['--version'])).code, 'it is built').toBe(0);
  await cp(join(ROOT, 'dist'), join(directory.path, 'dist'), {
    recursive: true,
    filter: (path) => !path.startsWith(join(ROOT, 'dist/streams')),
  });
  await mkdir(join(directory.path, 'streams'));
  await symlink(join(ROOT, 'streams/dist'), join(directory.path, 'streams/dist'));
  program = join(directory.path, 'millrace.mjs');
  await writeFile(program, "import { run } from './dist/cli/main.js';\nawait run(process.argv.slice(2));\n");
});

afterAll(() => directory?.remove());

describe('without the Kafka client', () => {
  it('an embedded pipeline runs', async () => {
    const dataDir = join(directory.path, 'data');
    const { code, stderr, stdout } = await millrace(['start', '--count', '500', '--once', '--data-dir', dataDir], {
      program,
    });
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/goal 3, .*: \d+ results/);
  });

  it.each([
    ['consume', 'goal1-topic'],
    ['start', '--once'],
    ['produce', '--count', '1'],
  ])('%s with --brokers says what is missing and how to get it, with exit code 1', async (...args) => {
    const kafka = ['--brokers', '127.0.0.1:1', '--registry', 'http://127.0.0.1:1'];
    const run = await millrace([...args, ...kafka, '--data-dir', join(directory.path, 'other')], { program });
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(
      /^millrace: the Kafka client @confluentinc\/kafka-javascript does not load: .*\. Run `npm install @confluentinc\/kafka-javascript` where/,
    );
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
  });
});
