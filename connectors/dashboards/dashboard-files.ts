import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { ConnectorError } from '../connector-error.js';

const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));
const KIBANA_FILE = join(DEPLOY, 'kibana/millrace.ndjson');
const KIBANA_DASHBOARDS = join(DEPLOY, 'kibana/dashboards');
const GRAFANA_DASHBOARDS = join(DEPLOY, 'grafana/dashboards');
const GRAFANA_SOURCES = join(DEPLOY, 'grafana/provisioning/datasources/millrace.yml');

const grafanaDashboard = z.looseObject({ uid: z.string(), title: z.string() });
export type GrafanaDashboard = z.output<typeof grafanaDashboard>;

const dataSource = z.looseObject({ name: z.string(), uid: z.string(), type: z.string(), url: z.string() });
export type DataSource = z.output<typeof dataSource>;

const kibanaObject = z.looseObject({ id: z.string(), type: z.string() });
export type KibanaObject = z.output<typeof kibanaObject>;

/** Kibana's saved objects, those first that others refer to. */
export async function kibanaObjects(): Promise<KibanaObject[]> {
  const lines = (await textOf(KIBANA_FILE)).trimEnd().split('\n');
  return lines.map((line) => kibanaObject.parse(JSON.parse(line)));
}

/** The same dashboards as Kibana's Dashboards API takes them, by their ids. */
export async function kibanaDashboards(): Promise<Map<string, unknown>> {
  const files = (await readdir(KIBANA_DASHBOARDS)).filter((name) => name.endsWith('.json')).sort();
  const read = files.map(async (name) => {
    return [basename(name, '.json'), JSON.parse(await textOf(join(KIBANA_DASHBOARDS, name)))] as const;
  });
  return new Map(await Promise.all(read));
}

export async function grafanaDashboards(): Promise<GrafanaDashboard[]> {
  const files = (await readdir(GRAFANA_DASHBOARDS)).filter((name) => name.endsWith('.json')).sort();
  return Promise.all(
    files.map(async (name) => grafanaDashboard.parse(JSON.parse(await textOf(join(GRAFANA_DASHBOARDS, name))))),
  );
}

/** Those that the dashboards name, as Grafana's provisioning has them: with variables in place of addresses. */
export async function grafanaDataSources(): Promise<DataSource[]> {
  return z.object({ datasources: z.array(dataSource) }).parse(parse(await textOf(GRAFANA_SOURCES))).datasources;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConnectorError('FILE_INVALID', `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
