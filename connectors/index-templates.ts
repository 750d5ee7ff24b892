import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { ConnectorError } from './connector-error.js';
import { connectorDirectory, jsonFiles, readJson } from './connector-files.js';
import type { HttpService } from './http-service.js';

const templateFile = z.looseObject({ index_patterns: z.array(z.string()), _meta: z.looseObject({}).optional() });
const templateAnswer = z.object({
  index_templates: z.array(z.object({ index_template: z.object({ _meta: z.looseObject({}).optional() }) })),
});

/** In a template's `_meta`: what it was made from, for Elasticsearch writes settings in its own way. */
const DIGEST = 'millrace_digest';

export interface AppliedTemplate {
  readonly name: string;
  readonly result: 'created' | 'updated' | 'unchanged';
}

/**
 * Puts the index templates of `<directory>/elasticsearch/*.json`, each named as its file; those of this folder where the
 * directory has none. They hold for indices that are made from then on.
 *
 * @param prefix of a tenant's indices, and so of its templates; default of none
 *
 * @throws ConnectorError
 */
export async function applyIndexTemplates(
  elasticsearch: HttpService,
  directory: string,
  prefix = '',
): Promise<AppliedTemplate[]> {
  const applied: AppliedTemplate[] = [];
  for (const file of await jsonFiles(await templateDirectory(directory))) {
    applied.push(await applyTemplate(elasticsearch, file, prefix));
  }
  return applied;
}

async function templateDirectory(directory: string): Promise<string> {
  const own = join(directory, 'elasticsearch');
  return stat(own).then(
    () => own,
    () => join(connectorDirectory('confluent'), 'elasticsearch'),
  );
}

async function applyTemplate(elasticsearch: HttpService, file: string, prefix: string): Promise<AppliedTemplate> {
  const read = templateFile.safeParse(await readJson(file));
  if (!read.success) throw new ConnectorError('FILE_INVALID', `${file} is no index template: it has no index_patterns`);
  const template = { ...read.data, index_patterns: read.data.index_patterns.map((pattern) => prefix + pattern) };
  const digest = createHash('sha256').update(JSON.stringify(template)).digest('hex');
  const name = prefix + basename(file, '.json');
  const path = `_index_template/${encodeURIComponent(name)}`;

  const there = await elasticsearch.request('GET', path, { allow: [404] });
  const before = there.status === 404 ? undefined : templateAnswer.safeParse(there.body).data?.index_templates[0];
  if (before?.index_template._meta?.[DIGEST] === digest) return { name, result: 'unchanged' };
  await elasticsearch.request('PUT', path, { body: { ...template, _meta: { ...template._meta, [DIGEST]: digest } } });
  return { name, result: before === undefined ? 'created' : 'updated' };
}
