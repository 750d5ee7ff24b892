import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultCacheDirectory } from '../../stack/downloads.js';
import { DEFAULT_GOAL_CONFIG } from '../../topology/goals/goal-config.js';
import { jsonLines, temporaryDirectory } from '../integration/millrace.js';
import { accessLog } from '../reference/events.js';
import { expectSameGoals } from '../reference/expect-goals.js';
import { type ReferenceResults, referenceGoals } from '../reference/goals.js';

const run = promisify(execFile);

const PROGRAM = pathToFileURL(fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url)));
const ACCESS_LOG = fileURLToPath(new URL('../fixtures/access.log.gz', import.meta.url));
const GRACE_MS = 5000;
const OUTPUT = { maxBuffer: 256 * 1024 * 1024 };
/** The one that the tests themselves run on need not be fetched. */
const VERSIONS = ['20', '22', '24'];

/** Node as npm has it, for this platform: installed once, beside the services' downloads. */
async function nodeOf(version: string): Promise<{ readonly node: string } | { readonly missing: string }> {
  if (process.versions.node.startsWith(`${version}.`)) return { node: process.execPath };
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const directory = join(defaultCacheDirectory(), `node-${version}`);
  const node = join(directory, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  try {
    if (!existsSync(node)) {
      await mkdir(directory, { recursive: true });
      await run('npm', ['install', '--prefix', directory, '--ignore-scripts', '--no-audit', `${name}@${version}`]);
    }
    const { stdout } = await run(node, ['--version']);
    expect(stdout).toContain(`v${version}.`);
    return { node };
  } catch (error) {
    const missing = (error as Error).message.split('\n', 1)[0] ?? '';
    console.warn(`skipped, for Node ${version} cannot be had here: ${missing}`);
    return { missing };
  }
}

describe.each(VERSIONS)('on Node %s', async (version) => {
  const had = await nodeOf(version);
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

  beforeAll(async () => {
    directory = await temporaryDirectory();
  });
  afterAll(() => directory?.remove());

  /** The program as it is built, without its set-up, which would install for this version of Node. */
  async function millrace(...args: readonly string[]): Promise<string> {
    const node = 'node' in had ? had.node : '';
    const program = join(directory.path, 'millrace.mjs');
    await writeFile(program, `import { run } from '${PROGRAM.href}';\nawait run(process.argv.slice(2));\n`);
    const { stdout } = await run(node, [program, ...args, '--data-dir', join(directory.path, 'data')], OUTPUT);
    return stdout;
  }

  async function results(topic: string): Promise<ReferenceResults> {
    const printed = await millrace('consume', topic, '--latest-by-key');
    return new Map(
      jsonLines<{ key: string; value: { count: number; avg_request_time?: number } }>(printed).map(
        ({ key, value: { avg_request_time, count } }) => [
          key,
          avg_request_time === undefined ? { count } : { count, avg_request_time },
        ],
      ),
    );
  }

  it.skipIf('missing' in had)('a real access log gives the results of a plain computation', async () => {
    const events = await accessLog();
    const printed = await millrace(
      ...['start', '--input', ACCESS_LOG, '--host', 'semicomplete.com', '--server', 'web', '--once'],
      ...['--grace', `${GRACE_MS}ms`],
    );
    expect(printed).toContain(`${new Intl.NumberFormat('en').format(events.length)} events`);
    const { goal1, goal2, goal3, goal4 } = DEFAULT_GOAL_CONFIG.topics;
    const actual = {
      goal1: await results(goal1),
      goal2: await results(goal2),
      goal3: await results(goal3),
      goal4: await results(goal4),
    };

    expect(actual.goal3.size).toBeGreaterThan(0);
    expectSameGoals(actual, referenceGoals([events], { graceMs: GRACE_MS }));
  });
});
