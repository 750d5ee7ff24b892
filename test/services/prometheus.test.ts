import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from '../free-port.js';
import { Millrace } from '../integration/millrace.js';
import { until } from '../until.js';

function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined;
}

test('a Prometheus scrapes a pipeline that runs, and promtool finds nothing wrong with its metrics', async ({
  skip,
}) => {
  if (!isInstalled('prometheus') || !isInstalled('promtool')) skip('Prometheus is not installed');
  const directory = await mkdtemp(join(tmpdir(), 'millrace-prometheus-'));
  const [port, own] = [await freePort(), await freePort()];
  const pipeline = new Millrace(['start', '--data-dir', join(directory, 'data'), '--http', `127.0.0.1:${port}`]);
  let prometheus: ChildProcess | undefined;
  try {
    const url = `http://127.0.0.1:${port}/metrics`;
    const scraped = async () => (await fetch(url)).text().catch(() => '');
    await until(async () => /process_records_total\{[^}]*\} [1-9]/.test(await scraped().catch(() => '')));
    const text = await scraped();
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect(checked.stdout + checked.stderr).toBe('');
    const forwarded = await fetch(url, { headers: { 'x-forwarded-for': '192.0.2.1' } });
    expect(forwarded.status).toBe(401);

    const config = join(directory, 'prometheus.yml');
    await writeFile(
      config,
      `scrape_configs:\n- job_name: millrace\n  scrape_interval: 1s\n  static_configs:\n  - targets: ['127.0.0.1:${port}']\n`,
    );
    prometheus = spawn(
      'prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(directory, 'tsdb')}`,
        `--web.listen-address=127.0.0.1:${own}`,
      ],
      { stdio: 'ignore' },
    );
    const ask = async (query: string): Promise<number> => {
      const response = await fetch(`http://127.0.0.1:${own}/api/v1/query?query=${encodeURIComponent(query)}`);
      const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
      return Number(data.result[0]?.value[1] ?? Number.NaN);
    };
    await until(async () => (await ask('rate(millrace_process_records_total[10s])').catch(() => 0)) > 1);
    expect(await ask('up')).toBe(1);
    expect(await ask('millrace_client_state{state="RUNNING"}')).toBe(1);
    expect(await ask('max(millrace_partition_records_lag)')).toBeLessThan(10_000);
    expect(await ask('histogram_quantile(0.99, millrace_commit_latency_seconds_bucket)')).toBeGreaterThan(0);
  } finally {
    const ended = prometheus === undefined ? undefined : new Promise((resolve) => prometheus?.on('exit', resolve));
    prometheus?.kill('SIGTERM');
    await ended;
    await pipeline.kill('SIGINT');
    await rm(directory, { recursive: true, force: true });
  }
}, 240_000);
