import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { jsonLines, Millrace, millrace, temporaryDirectory } from '../../integration/millrace.js';
import { until } from '../../until.js';

it('stores all that a bare start reads in a process of its own, and nothing with --no-lake or --once', async () => {
  const directory = await temporaryDirectory();
  const at = (name: string) => join(directory.path, name);
  const run = async (name: string, ...options: readonly string[]) => {
    const args = ['start', '--count', '3000', '--seed', '1', '--no-http', '--data-dir', at(name), ...options];
    const pipeline = new Millrace(args);
    await until(() => pipeline.stderr.includes('the input has ended') || undefined, {
      progress: () => pipeline.stderr,
    });
    await pipeline.kill('SIGTERM');
  };
  try {
    await run('bare');
    const sql = 'SELECT count(*) AS requests FROM access';
    const { stderr, stdout } = await millrace(['query', sql, '--data-dir', at('bare'), '--format', 'json']);
    expect(jsonLines(stdout), stderr).toEqual([{ requests: 3000 }]);
    await run('none', '--no-lake');
    await millrace(['start', '--count', '300', '--once', '--data-dir', at('once')]);
    for (const name of ['none', 'once']) expect(existsSync(join(at(name), 'lake')), name).toBe(false);
  } finally {
    await directory.remove();
  }
});
