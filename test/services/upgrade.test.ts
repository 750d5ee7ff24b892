import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Millrace, millrace, temporaryDirectory } from '../integration/millrace.js';
import { until } from '../until.js';
import { olderVersion } from './older-version.js';

/** Of 21 November 2026: before the engine was a package, and before most detectors. */
const OLDER = 'd997338';
const ACCESS_LOG = fileURLToPath(new URL('../fixtures/access.log.gz', import.meta.url));
const LINES = 4000;
const HALF = LINES / 2;
/** Long enough that the clock closes no window while the older version runs. */
const IDLE = '1h';

const older = olderVersion(OLDER);
const reason = 'missing' in older ? older.missing : undefined;

const consumed = z.object({ key: z.string().nullable(), value: z.record(z.string(), z.unknown()) });
type Consumed = z.output<typeof consumed>;

async function consume(topic: string, dataDirectory: string, ...args: readonly string[]): Promise<Consumed[]> {
  const { stdout } = await millrace(['consume', topic, '--data-dir', dataDirectory, '--from-beginning', ...args]);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => consumed.parse(JSON.parse(line)));
}

const latest = async (topic: string, dataDirectory: string) =>
  new Map((await consume(topic, dataDirectory, '--latest-by-key')).map(({ key, value }) => [key, value]));

describe.skipIf(reason).each(['SIGTERM', 'SIGKILL'] as const)(
  'a data directory that an older version has written until %s',
  (signal) => {
    let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
    let upgraded: string;
    let fresh: string;
    let said: string;

    beforeAll(async () => {
      if ('missing' in older) return;
      directory = await temporaryDirectory();
      [upgraded, fresh] = [join(directory.path, 'upgraded'), join(directory.path, 'fresh')];
      const lines = gunzipSync(readFileSync(ACCESS_LOG)).toString().split('\n');
      const file = join(directory.path, 'access.log');
      await writeFile(file, `${lines.slice(0, HALF).join('\n')}\n`);
      const running = new Millrace(
        ['start', '--data-dir', upgraded, '--input', file, '--follow', '--lake', '--idle', IDLE],
        { program: older.program },
      );
      const stored = async () => {
        const { stdout } = await millrace(
          ['consume', 'goal3-topic', '--data-dir', upgraded, '--from-beginning', '--max', '100'],
          { program: older.program },
        );
        return stdout.split('\n').length;
      };
      await until(async () => (await stored()) > 100, { patienceMs: 120_000, progress: stored });
      await running.kill(signal);
      await writeFile(file, `${lines.slice(0, LINES).join('\n')}\n`);
      // The older one had no other grace period.
      const options = ['--input', file, '--once', '--lake', '--grace', '5s'];
      const after = await millrace(['start', '--data-dir', upgraded, ...options]);
      expect(after.code, after.stderr).toBe(0);
      said = after.stdout + after.stderr;
      const alone = await millrace(['start', '--data-dir', fresh, ...options]);
      expect(alone.code, alone.stderr).toBe(0);
    });

    afterAll(() => directory?.remove());

    it('has each line once, and no record that this version could not use', async () => {
      expect(await consume('test-inter', upgraded)).toHaveLength(LINES);
      expect(await consume('test-inter-dlq', upgraded)).toEqual([]);
      expect(said).not.toContain('could not be processed');
    });

    it.each(['goal1-topic', 'goal2-topic', 'goal3-topic'])(
      'gives the results in %s that this version gives alone',
      async (topic) => {
        expect(await latest(topic, upgraded)).toEqual(await latest(topic, fresh));
      },
    );

    it('goes on with the statistics of hosts, of which only what was learned may differ', async () => {
      const counts = async (dataDirectory: string) =>
        [...(await latest('web-stats-topic', dataDirectory))]
          .filter(([, { request_count }]) => request_count !== 0)
          .map(([key, { request_count }]) => [key, request_count]);
      expect(new Map((await counts(upgraded)) as [string, unknown][])).toEqual(
        new Map((await counts(fresh)) as [string, unknown][]),
      );
    });

    it('has a lake that this version goes on with, each request in it once', async () => {
      const asked = await millrace([
        'query',
        'SELECT count(*) AS n FROM access',
        '--data-dir',
        upgraded,
        '--format',
        'json',
      ]);
      expect(asked.code, asked.stderr).toBe(0);
      expect(asked.stdout).toContain(`${LINES}`);
    });
  },
);
