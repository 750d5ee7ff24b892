import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { ConnectorError } from '../connector-error.js';

const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));
const KIBANA_FILE = join(DEPLOY, 'kibana/millrace.ndjson');
const GRAFANA_DASHBOARDS = join(DEPLOY, 'grafana/dashboards');
const GRAFANA_SOURCES = join(DEPLOY, 'grafana/provisioning/datasources/millrace.yml');

const grafanaDashboard = z.looseObject({ uid: z.string(), title: z.string() });
export type GrafanaDashboard = z.output<typeof grafanaDashboard>;

const dataSource = z.looseObject({ name: z.string(), uid: z.string(), type: z.string(), url: z.string() });
export type DataSource = z.output<typeof dataSource>;

/** Kibana's saved objects, a line each. */
export async function kibanaObjects(): Promise<{ readonly name: string; readonly text: string }> {
  return { name: basename(KIBANA_FILE), text: await textOf(KIBANA_FILE) };
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
