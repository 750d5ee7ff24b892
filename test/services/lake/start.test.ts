import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { jsonLines, millrace, temporaryDirectory } from '../../integration/millrace.js';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeEach(async () => {
  directory = await temporaryDirectory();
});

afterEach(() => directory.remove());

it('start --lake stores what it reads and finds, each record once', { timeout: 120_000 }, async () => {
  const dataDir = join(directory.path, 'data');
  for (const seed of ['1', '2']) {
    const { code, stderr } = await millrace([
      ...['start', '--data-dir', dataDir, '--lake', '--once', '--count', '6000', '--seed', seed],
    ]);
    expect(code, stderr).toBe(0);
  }
  const sql = 'SELECT kind, count(*) AS records FROM logs GROUP BY kind ORDER BY kind';
  const { code, stderr, stdout } = await millrace(['query', sql, '--data-dir', dataDir, '--format', 'json']);
  expect(code, stderr).toBe(0);
  const rows = jsonLines<{ kind: string; records: number }>(stdout);
  const stored = new Map(rows.map(({ kind, records }) => [kind, records]));
  expect(stored.get('access')).toBe(12_000);
  for (const [kind, topic] of [
    ['service', 'logs'],
    ['goal1', 'goal1-topic'],
    ['alert', 'alerts'],
    ['web-stats', 'web-stats-topic'],
  ] as const) {
    const consumed = await millrace(['consume', topic, '--data-dir', dataDir, '--from-beginning']);
    expect(stored.get(kind) ?? 0, kind).toBe(jsonLines(consumed.stdout).length);
  }
});
