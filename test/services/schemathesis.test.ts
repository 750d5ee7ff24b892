import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { millrace, temporaryDirectory } from '../integration/millrace.js';
import { until } from '../until.js';

/** Another one finds other things; what is tested is then no longer the same. */
const VERSION = '4.32.5';
const EXAMPLES = process.env['SCHEMATHESIS_EXAMPLES'] ?? '5';
const MINUTE_MS = 60_000;

/** A server like that of `millrace serve`, but for its limits of calls; it prints where it is, and a token of an admin. */
const SERVER = `
  import { join } from 'node:path';
  import { serve } from './dist/api/serve.js';
  import { openLog } from './dist/app/log/open-log.js';
  import { DEFAULT_APPLICATION_CONFIG as config } from './dist/topology/application-config.js';
  const directory = process.argv[1];
  const signal = new AbortController().signal;
  const { log, schemas } = await openLog(directory, { purpose: { runs: 'producer' }, signal, onNotice() {} });
  const server = await serve({
    log, schemas, config, auth: true, version: 'test', address: { host: '127.0.0.1', port: 0 },
    directory: join(directory, 'http'), lakeDirectory: join(directory, 'lake'),
    rateLimits: { all: 1e6, heavy: 1e6, 'sign-in': 1e6 },
  });
  const { accounts } = server.services;
  await accounts.addUser('ada', 'admin', 'correct horse battery');
  const { token } = await accounts.addMachineToken('schemathesis', 'admin', null, 'ada');
  console.log(JSON.stringify({ url: server.url, token }));
`;

/** What a schema cannot say, such as whether a search, a cursor or a statement of SQL can be read, is found out later. */
const CONFIG = `
[checks]
positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 409, 410, 422]
`;

const run = promisify(execFile);

/** @returns its program; as an error why it cannot be had */
async function schemathesis(directory: string): Promise<string | Error> {
  const given = process.env['SCHEMATHESIS'];
  if (given !== undefined) return given;
  const python = join(directory, 'python');
  try {
    await run('python3', ['-m', 'venv', python]);
    await run(join(python, 'bin/pip'), ['install', '--quiet', `schemathesis==${VERSION}`], { timeout: 5 * MINUTE_MS });
    return join(python, 'bin/schemathesis');
  } catch (error) {
    return new Error(`schemathesis ${VERSION} cannot be had: ${(error as Error).message.split('\n')[0]}`);
  }
}

test('schemathesis finds nothing wrong in any route', { timeout: 30 * MINUTE_MS }, async ({ skip }) => {
  const directory = await temporaryDirectory();
  const program = await schemathesis(directory.path);
  if (program instanceof Error) return skip(program.message);
  const data = join(directory.path, 'data');
  const made = await millrace(['start', '--data-dir', data, '--lake', '--once', '--count', '20000', '--seed', '3']);
  expect(made.code, made.stderr).toBe(0);
  const config = join(directory.path, 'schemathesis.toml');
  await writeFile(config, CONFIG);
  const server = spawn('node', ['--input-type=module', '--eval', SERVER, data]);
  let said = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (text: Buffer) => (said += text));
  try {
    const { token, url } = await until(
      () => (said.includes('}\n') ? (JSON.parse(said) as { url: string; token: string }) : undefined),
      { progress: () => said },
    );
    await until(async () => (await fetch(`${url}/health/ready`)).status === 200);
    const found = await run(
      program,
      [
        ...['--config-file', config, 'run', `${url}/api/openapi.json`, '--checks', 'all'],
        ...['--seed', '1', '--max-examples', EXAMPLES, '--continue-on-failure', '--request-timeout', '60'],
        ...['--header', `Authorization: Bearer ${token}`, '--suppress-health-check', 'all', '--warnings', 'off'],
        // A stream of events has no end.
        ...['--exclude-path', '/events'],
      ],
      {
        cwd: directory.path,
        timeout: 25 * MINUTE_MS,
        maxBuffer: 64 * 2 ** 20,
        env: { ...process.env, COLUMNS: '200' },
      },
    ).then(
      () => 'nothing',
      ({ stderr, stdout }: { stdout?: string; stderr?: string }) => `${stdout}${stderr}\n${said}`,
    );
    expect(found).toBe('nothing');
  } finally {
    const exit = once(server, 'exit');
    server.kill('SIGKILL');
    await exit;
    await directory.remove();
  }
});
