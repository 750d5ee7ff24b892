import { join } from 'node:path';
import { expect, it } from 'vitest';
import { jsonLines, Millrace, millrace, temporaryDirectory } from '../../integration/millrace.js';
import { until } from '../../until.js';

it('searches lines that are no longer in memory in the lake, and counts each line once', async () => {
  const directory = await temporaryDirectory();
  const dataDir = join(directory.path, 'data');
  const run = await millrace(['start', '--data-dir', dataDir, '--lake', '--once', '--count', '100000', '--seed', '5']);
  expect(run.code, run.stderr).toBe(0);
  const sql = "SELECT count(*) AS lines, count_if(level = 'ERROR') AS errors FROM service";
  const { stdout } = await millrace(['query', sql, '--data-dir', dataDir, '--format', 'json']);
  const [stored] = jsonLines<{ lines: number; errors: number }>(stdout);
  // As many as memory holds, and more.
  expect(stored?.lines).toBeGreaterThan(60_000);
  const server = new Millrace(['serve', '--data-dir', dataDir, '--http', '127.0.0.1:0', '--no-auth']);
  try {
    const url = await until(() => /http:\/\/\S+/.exec(server.stdout)?.[0], { progress: () => server.stderr });
    await until(async () => (await fetch(`${url}/health/ready`)).status === 200);
    const ask = async <Answer>(path: string) => (await (await fetch(`${url}/api/v1/logs${path}`)).json()) as Answer;
    type Counted = { total: number; searched: { store: string } };
    const all = await ask<Counted>('/histogram?from=latest-1d&step=1h');
    expect([all.total, all.searched.store]).toEqual([stored?.lines, 'lake']);
    expect((await ask<Counted>('/histogram?from=latest-1d&step=1h&q=level:ERROR')).total).toBe(stored?.errors);
    const errors = new Set<string>();
    for (let cursor: string | null = ''; cursor !== null; ) {
      type Page = { items: { id: string; time: number }[]; next_cursor: string | null };
      const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await ask<Page>(`?from=0&q=level:ERROR&limit=1000${query}`);
      for (const { id } of page.items) errors.add(id);
      cursor = page.next_cursor;
    }
    expect(errors.size).toBe(stored?.errors);
    const exported = await fetch(`${url}/api/v1/logs/export?from=0&limit=1000000`);
    expect(exported.headers.get('content-disposition')).toMatch(
      /^attachment; filename="millrace-services-.*[.]ndjson"$/,
    );
    const lines = jsonLines<{ id: string; level: string; time: number }>(await exported.text());
    expect(new Set(lines.map(({ id }) => id)).size).toBe(stored?.lines);
    expect(lines.length).toBe(stored?.lines);
    expect(
      lines
        .filter(({ level }) => level === 'ERROR')
        .map(({ id }) => id)
        .sort(),
    ).toEqual([...errors].sort());
    expect(lines.every(({ time }, index) => time <= (lines[index - 1]?.time ?? time))).toBe(true);
    const table = await (await fetch(`${url}/api/v1/logs/export?from=0&q=level:ERROR&format=csv`)).text();
    expect(table.trimEnd().split('\r\n')).toHaveLength(1 + errors.size);
  } finally {
    await server.kill('SIGTERM');
    await directory.remove();
  }
});
