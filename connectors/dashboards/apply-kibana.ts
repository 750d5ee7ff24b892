import { z } from 'zod';
import { ConnectorError } from '../connector-error.js';
import type { HttpService } from '../http-service.js';
import { type KibanaObject, kibanaDashboards, kibanaObjects } from './dashboard-files.js';
import { type AppliedDashboard, SignedService } from './signed-service.js';

interface Version {
  readonly major: number;
  readonly minor: number;
}

/** The oldest that reads the saved objects. */
const OLDEST = { major: 8, minor: 9 };
/** The oldest with a Dashboards API that is no preview. */
const DASHBOARDS_API = { major: 9, minor: 5 };
const CREDENTIALS = 'user:password@ in the URL, or an API key';
/** Kibana takes no change without it. */
const HEADERS = { 'kbn-xsrf': 'millrace' };
const CREATED = 201;
const BAD_REQUEST = 400;
const NOT_FOUND = 404;
const SHOWN_CHARACTERS = 200;

const statusAnswer = z.object({ version: z.object({ number: z.string() }) });
const importAnswer = z.object({
  success: z.boolean(),
  successResults: z
    .array(z.object({ type: z.string(), id: z.string(), overwrite: z.boolean().default(false) }))
    .default([]),
  errors: z
    .array(
      z.looseObject({
        type: z.string(),
        id: z.string(),
        error: z.looseObject({ type: z.string(), message: z.string().optional() }),
      }),
    )
    .default([]),
});
const refusal = z.object({ message: z.string() });

/**
 * Puts data views, searches and dashboards into the space of Kibana that the address is of. What is there of the same ids
 * is overwritten, and nothing else is touched. Dashboards are created by the Dashboards API where Kibana has it and takes
 * them, and all else by the import of saved objects.
 *
 * @throws ConnectorError
 */
export async function applyKibanaObjects(service: HttpService): Promise<AppliedDashboard[]> {
  const kibana = new SignedService(service, CREDENTIALS);
  const version = await versionOf(kibana);
  const objects = await kibanaObjects();
  if (!isAtLeast(version, DASHBOARDS_API)) return importObjects(kibana, objects);
  const applied = await importObjects(
    kibana,
    objects.filter(({ type }) => type !== 'dashboard'),
  );
  const dashboards = await kibanaDashboards();
  for (const object of objects.filter(({ type }) => type === 'dashboard')) {
    applied.push(await applyDashboard(kibana, object, dashboards.get(object.id)));
  }
  return applied;
}

/** By the API, or as a saved object where it does not take the dashboard. */
async function applyDashboard(kibana: SignedService, saved: KibanaObject, state: unknown): Promise<AppliedDashboard> {
  const { body, status } = await kibana.send(
    { method: 'PUT', path: `api/dashboards/${saved.id}`, body: state, headers: HEADERS },
    [BAD_REQUEST, NOT_FOUND],
  );
  if (status !== BAD_REQUEST && status !== NOT_FOUND) {
    return { name: `dashboard ${saved.id}`, result: status === CREATED ? 'created' : 'updated' };
  }
  const said = refusal.safeParse(body);
  const why = said.success ? said.data.message.slice(0, SHOWN_CHARACTERS) : `HTTP ${status}`;
  const note = `as a saved object, for the Dashboards API answers: ${why}`;
  const [imported] = await importObjects(kibana, [saved]);
  return { name: `dashboard ${saved.id}`, result: imported?.result ?? 'created', note };
}

async function importObjects(kibana: SignedService, objects: readonly KibanaObject[]): Promise<AppliedDashboard[]> {
  const form = new FormData();
  const lines = objects.map((object) => `${JSON.stringify(object)}\n`);
  form.set('file', new Blob(lines, { type: 'application/ndjson' }), 'millrace.ndjson');
  const { errors, success, successResults } = await kibana.ask(importAnswer, {
    ...{ method: 'POST', path: 'api/saved_objects/_import?overwrite=true', body: form, headers: HEADERS },
  });
  if (!success) {
    const said = errors.map(({ error, id, type }) => `${type} ${id}: ${error.message ?? error.type}`);
    throw new ConnectorError('SERVICE_REFUSED', `Kibana at ${kibana.address} does not import ${said.join('; ')}`);
  }
  return successResults.map(({ id, overwrite, type }) => {
    return { name: `${type} ${id}`, result: overwrite ? 'updated' : 'created' };
  });
}

async function versionOf(kibana: SignedService): Promise<Version> {
  const { version } = await kibana.ask(statusAnswer, { method: 'GET', path: 'api/status' });
  const [major = 0, minor = 0] = version.number.split('.').map(Number);
  const found = { major, minor };
  if (isAtLeast(found, OLDEST)) return found;
  throw new ConnectorError(
    'SERVICE_REFUSED',
    `Kibana at ${kibana.address} is ${version.number}, and reads no objects of ${OLDEST.major}.${OLDEST.minor}: upgrade it, or see docs/kibana.md for data views`,
  );
}

function isAtLeast(one: Version, other: Version): boolean {
  return one.major > other.major || (one.major === other.major && one.minor >= other.minor);
}
