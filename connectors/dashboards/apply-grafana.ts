import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { ConnectorError } from '../connector-error.js';
import type { HttpService } from '../http-service.js';
import { type DataSource, type GrafanaDashboard, grafanaDashboards, grafanaDataSources } from './dashboard-files.js';
import { type AppliedDashboard, SignedService } from './signed-service.js';

const FOLDER = { uid: 'millrace', title: 'Millrace' };
const CREDENTIALS = 'user:password@ in the URL, or a token';

/** Addresses as Grafana reaches them, with credentials where they are needed. Without one, the data source is left alone. */
export interface DataSourceUrls {
  readonly influxdb?: string | undefined;
  readonly prometheus?: string | undefined;
  readonly elasticsearch?: string | undefined;
}

const anything = z.looseObject({});
const there = z.object({ dashboard: z.looseObject({}), meta: z.looseObject({ folderUid: z.string().optional() }) });
const sourceThere = z.looseObject({ name: z.string(), uid: z.string() });

/**
 * Makes the folder, the data sources whose addresses are given, and the dashboards; each by its uid, so that what is
 * there is brought up to date.
 *
 * @throws ConnectorError
 */
export async function applyGrafanaDashboards(service: HttpService, urls: DataSourceUrls): Promise<AppliedDashboard[]> {
  const grafana = new SignedService(service, CREDENTIALS);
  const applied: AppliedDashboard[] = [await applyFolder(grafana)];
  for (const source of await grafanaDataSources()) {
    const url = urls[source.type as keyof DataSourceUrls];
    if (url !== undefined) applied.push(await applySource(grafana, withAddress(source, url)));
  }
  for (const dashboard of await grafanaDashboards()) applied.push(await applyDashboard(grafana, dashboard));
  return applied;
}

async function applyFolder(grafana: SignedService): Promise<AppliedDashboard> {
  const name = `folder ${FOLDER.uid}`;
  const path = `api/folders/${FOLDER.uid}`;
  const found = await grafana.find(anything, { method: 'GET', path });
  if (found !== undefined) return { name, result: 'unchanged' };
  await grafana.ask(anything, { method: 'POST', path: 'api/folders', body: FOLDER });
  return { name, result: 'created' };
}

function withAddress(source: DataSource, address: string): DataSource {
  const url = new URL(address);
  const { password, username } = url;
  url.username = '';
  url.password = '';
  const credentials =
    username === ''
      ? { basicAuth: false }
      : {
          ...{ basicAuth: true, basicAuthUser: decodeURIComponent(username) },
          secureJsonData: { basicAuthPassword: decodeURIComponent(password) },
        };
  return { ...source, ...credentials, url: url.href.replace(/\/$/, '') };
}

async function applySource(grafana: SignedService, source: DataSource): Promise<AppliedDashboard> {
  const name = `data source ${source.uid}`;
  const path = `api/datasources/uid/${source.uid}`;
  const found = await grafana.find(sourceThere, { method: 'GET', path });
  if (found === undefined) {
    // Its name is taken by another: Grafana would answer that it is busy for ever.
    const named = `api/datasources/name/${encodeURIComponent(source.name)}`;
    const other = await grafana.find(sourceThere, { method: 'GET', path: named });
    if (other !== undefined) {
      throw new ConnectorError(
        'SERVICE_REFUSED',
        `Grafana at ${grafana.address} has a data source "${source.name}" with the uid ${other.uid}; the dashboards need ${source.uid}: rename or delete it`,
      );
    }
    await grafana.ask(anything, { method: 'POST', path: 'api/datasources', body: source });
    return { name, result: 'created' };
  }
  // A password cannot be read back to be compared.
  if (source['secureJsonData'] === undefined && isSame(source, found)) return { name, result: 'unchanged' };
  await grafana.ask(anything, { method: 'PUT', path, body: source });
  return { name, result: 'updated' };
}

async function applyDashboard(grafana: SignedService, dashboard: GrafanaDashboard): Promise<AppliedDashboard> {
  const name = `dashboard ${dashboard.uid}`;
  const path = `api/dashboards/uid/${dashboard.uid}`;
  const found = await grafana.find(there, { method: 'GET', path });
  const { id: _id, version: _version, ...own } = dashboard;
  if (found !== undefined && found.meta.folderUid === FOLDER.uid && isSame(own, found.dashboard)) {
    return { name, result: 'unchanged' };
  }
  const body = { dashboard, folderUid: FOLDER.uid, overwrite: true, message: 'millrace dashboards apply' };
  await grafana.ask(anything, { method: 'POST', path: 'api/dashboards/db', body });
  return { name, result: found === undefined ? 'created' : 'updated' };
}

/** Whether all that is wanted is there; Grafana adds numbers and versions of its own. */
function isSame(wanted: Readonly<Record<string, unknown>>, found: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(wanted).every(([key, value]) => isDeepStrictEqual(value, found[key]));
}
