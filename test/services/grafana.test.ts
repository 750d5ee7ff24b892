import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { freePorts } from '../../stack/ports.js';
import { Millrace, millrace, temporaryDirectory } from '../integration/millrace.js';
import { kibanaObjects } from '../kibana-objects.js';
import { until } from '../until.js';
import { countOf, dashboard, prometheus, type Sources, valuesOf } from './grafana-queries.js';
import { emptyPanels } from './kibana-queries.js';
import { type Services, startServices, whyNoServices } from './services.js';

const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));
const FILES = readdirSync(join(DEPLOY, 'grafana/dashboards')).sort();
const RULES = join(DEPLOY, 'prometheus/rules/millrace.yml');
const SERVICES = ['kafka', 'registry', 'connect', 'elasticsearch', 'influxdb'] as const;
const WITHIN_MS = 120_000;
const HOUR_MS = 3_600_000;

const BOARDS_OF_KIBANA = kibanaObjects().filter(({ type }) => type === 'dashboard');
const INDICES = kibanaObjects().flatMap(({ attributes, type }) =>
  type === 'index-pattern' ? [String(attributes['title'])] : [],
);

const reason = await whyNoServices(SERVICES);
const whyNoPrometheus = spawnSync('prometheus', ['--version']).error && 'Prometheus is not installed';

let services: Services;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let pipeline: Millrace | undefined;
let scraper: ChildProcess | undefined;
let sources: Sources;

const read = (file: string) =>
  dashboard.parse(JSON.parse(readFileSync(join(DEPLOY, 'grafana/dashboards', file), 'utf8')));

/** The configuration as it is, of a server of this machine, which wants no token from here, and in less time. */
function startPrometheus(serverPort: number, port: number): ChildProcess {
  const config = z
    .looseObject({ scrape_configs: z.array(z.looseObject({ job_name: z.string() })) })
    .parse(parse(readFileSync(join(DEPLOY, 'prometheus/prometheus.yml'), 'utf8')));
  const file = join(directory.path, 'prometheus.yml');
  const scrape = config.scrape_configs
    .filter(({ job_name }) => job_name === 'millrace')
    .map(({ authorization: _, ...job }) => ({ ...job, static_configs: [{ targets: [`127.0.0.1:${serverPort}`] }] }));
  const global = { scrape_interval: '2s', scrape_timeout: '2s', evaluation_interval: '2s' };
  writeFileSync(file, stringify({ ...config, global, rule_files: [RULES], scrape_configs: scrape }));
  const storage = `--storage.tsdb.path=${join(directory.path, 'tsdb')}`;
  const listen = `--web.listen-address=127.0.0.1:${port}`;
  return spawn('prometheus', [`--config.file=${file}`, storage, listen], { stdio: 'ignore' });
}

const influxCount = (measurement: string, field: string) =>
  countOf(
    {
      ...{ refId: 'A', datasource: { type: 'influxdb', uid: '' } },
      query: `SELECT count("${field}") FROM "${measurement}" WHERE $timeFilter`,
    },
    undefined,
    new Map(),
    sources,
  );

/** None where the index is not there yet. */
async function documentsIn(index: string): Promise<number> {
  const response = await fetch(`${sources.elasticsearchUrl}/${index}/_count`);
  if (!response.ok) return 0;
  return z.object({ count: z.int() }).parse(await response.json()).count;
}

describe.skipIf(reason)('the dashboards of Grafana and Kibana over what a pipeline has written', () => {
  beforeAll(async () => {
    directory = await temporaryDirectory();
    services = await startServices(SERVICES);
    const { brokers, registryUrl } = services.addresses;
    const connection = ['--brokers', brokers, '--registry', registryUrl, '--data-dir', join(directory.path, 'data')];
    // Ten minutes of each, with the faults that are put into them: of one fault a minute of the clock may hold too little.
    const simulated = ['--rate', '50', '--log-rate', '50', '--partitions', '2'];
    const once = await millrace(['start', ...connection, ...simulated, '--once', '--count', '30000', '--seed', '4']);
    expect(once.code, once.stderr).toBe(0);
    const addresses = services.internalAddresses;
    const applied = await millrace([
      ...['connectors', 'apply', '--variant', 'local', '--connect', addresses.connectUrl],
      ...['--registry', addresses.registryUrl, '--elasticsearch', addresses.elasticsearchUrl],
      ...['--influxdb', addresses.influxUrl],
    ]);
    expect(applied.code, applied.stderr).toBe(0);
    const { connect: serverPort, kafka: port } = await freePorts();
    pipeline = new Millrace(['start', ...connection, ...simulated, '--http', `127.0.0.1:${serverPort}`]);
    if (whyNoPrometheus === undefined) scraper = startPrometheus(serverPort, port);
    const { elasticsearchUrl, influxUrl } = services.addresses;
    sources = {
      ...{ elasticsearchUrl, influxUrl, from: Date.now() - 2 * HOUR_MS, to: Date.now() + HOUR_MS },
      prometheusUrl: scraper && `http://127.0.0.1:${port}`,
    };
    for (const [measurement, field] of [
      ['incidents', 'alerts'],
      ['web_analytics', 'request_count'],
      ['service_health', 'count'],
      ['sensors', 'anomaly_score'],
    ] as const) {
      await until(async () => (await influxCount(measurement, field)) > 0 || undefined, { patienceMs: WITHIN_MS });
    }
    for (const index of INDICES) {
      await until(async () => (await documentsIn(index)) > 0 || undefined, { patienceMs: WITHIN_MS });
    }
    if (scraper === undefined) return;
    // Rates are of half a minute here.
    const commits =
      'min_over_time(millrace_client_state{state="RUNNING"}[30s]) == 1 and millrace_client_state offset 30s';
    await until(
      async () => {
        const answer = await prometheus(sources, `query?query=${encodeURIComponent(commits)}`).catch(() => undefined);
        return (answer as { result: unknown[] } | undefined)?.result.length || undefined;
      },
      { patienceMs: WITHIN_MS },
    );
  });

  afterAll(async () => {
    const ended = scraper && new Promise((resolve) => scraper?.on('exit', resolve));
    scraper?.kill('SIGTERM');
    await ended;
    await pipeline?.kill('SIGINT');
    await services?.close();
    await directory?.remove();
  });

  it.each(FILES)('each query of %s, its variables and its annotations give something', async (file) => {
    const { annotations, panels, templating } = read(file);
    const isThere = ({ type }: { readonly type: string }) =>
      type !== 'prometheus' || sources.prometheusUrl !== undefined;
    const now = { ...sources, to: file === 'pipeline.json' ? Date.now() : sources.to };
    const variables = templating.list.filter(({ datasource }) => datasource === undefined || isThere(datasource));
    const values = await valuesOf(variables, now);
    for (const [name, all] of values) expect(all.length, `variable ${name}`).toBeGreaterThan(0);
    const empty: string[] = [];
    for (const { interval, targets, title } of panels) {
      for (const target of targets.filter(({ datasource }) => isThere(datasource))) {
        const count = await countOf(target, interval, values, {
          ...now,
          to: target.datasource.type === 'prometheus' ? Date.now() : now.to,
        });
        if (count === 0) empty.push(`${title} ${target.refId}`);
      }
    }
    for (const { name, target } of annotations.list) {
      if ((await countOf(target, undefined, values, now)) === 0) empty.push(`annotation ${name}`);
    }
    expect(empty).toEqual([]);
  });

  it.each(BOARDS_OF_KIBANA.map((board) => [board.id, board] as const))(
    'each chart and each search of Kibana’s dashboard %s gives something',
    async (_id, board) => {
      const searches = kibanaObjects().filter(({ type }) => type === 'search');
      expect(await emptyPanels(board, searches, sources.elasticsearchUrl)).toEqual([]);
    },
  );

  it('Prometheus takes the rules of alerts, and each metric that they name is there', async ({ skip }) => {
    if (whyNoPrometheus !== undefined) skip(whyNoPrometheus);
    const rules = z
      .object({
        groups: z.array(z.object({ rules: z.array(z.looseObject({ name: z.string(), health: z.string() })) })),
      })
      .parse(await prometheus(sources, 'rules'))
      .groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(10);
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    const named = new Set(readFileSync(RULES, 'utf8').match(/(?<=expr:[\s\S]*)\bmillrace_\w+/g));
    const names = z.array(z.string()).parse(await prometheus(sources, 'label/__name__/values'));
    expect([...named].filter((name) => !names.includes(name))).toEqual([]);
    // A pipeline that does well has nobody told.
    const alerts = z
      .object({ alerts: z.array(z.object({ state: z.string(), labels: z.record(z.string(), z.string()) })) })
      .parse(await prometheus(sources, 'alerts')).alerts;
    const critical = alerts.filter(({ labels, state }) => state === 'firing' && labels['severity'] === 'critical');
    expect(critical.filter(({ labels }) => !labels['alertname']?.includes('Disk'))).toEqual([]);
  });
});
