import { z } from 'zod';
import { ConnectorError } from '../connector-error.js';
import type { HttpService } from '../http-service.js';
import { kibanaObjects } from './dashboard-files.js';
import { type AppliedDashboard, SignedService } from './signed-service.js';

const OLDEST = { major: 8, minor: 9 };
const CREDENTIALS = 'user:password@ in the URL, or an API key';
/** Kibana takes no change without it. */
const HEADERS = { 'kbn-xsrf': 'millrace' };

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

/**
 * Imports data views, searches and dashboards into the space of Kibana that the address is of. What is there of the same
 * ids is overwritten, and nothing else is touched.
 *
 * @throws ConnectorError
 */
export async function applyKibanaObjects(service: HttpService): Promise<AppliedDashboard[]> {
  const kibana = new SignedService(service, CREDENTIALS);
  await requireVersion(kibana);
  const { name, text } = await kibanaObjects();
  const form = new FormData();
  form.set('file', new Blob([text], { type: 'application/ndjson' }), name);
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

async function requireVersion(kibana: SignedService): Promise<void> {
  const { version } = await kibana.ask(statusAnswer, { method: 'GET', path: 'api/status' });
  const [major = 0, minor = 0] = version.number.split('.').map(Number);
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return;
  throw new ConnectorError(
    'SERVICE_REFUSED',
    `Kibana at ${kibana.address} is ${version.number}, and reads no objects of ${OLDEST.major}.${OLDEST.minor}: upgrade it, or see docs/kibana.md for data views`,
  );
}
