import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { topicsOfConnector } from '../schemas/topics.js';
import { ConnectorError } from './connector-error.js';
import { type Environment, substitute } from './variables.js';

/** A connector as its file says, with the values of variables in it. */
export interface Connector {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  readonly file: string;
}

/** `confluent`: for the image of `docker-compose.yml`; `local`: for a worker without Docker. */
export const VARIANTS = ['confluent', 'local'] as const;
export type Variant = (typeof VARIANTS)[number];

const HERE = fileURLToPath(new URL('.', import.meta.url));

export function connectorDirectory(variant: Variant): string {
  return variant === 'local' ? join(HERE, 'local') : HERE;
}

const connectorFile = z.strictObject({
  name: z.string().min(1),
  config: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

/**
 * Reads the connectors of a directory: one in each `*.json`, as `{"name", "config"}`.
 *
 * @param names which; all when empty
 * @throws ConnectorError FILE_INVALID, VARIABLE_MISSING, UNKNOWN_CONNECTOR
 */
export async function loadConnectors(
  directory: string,
  environment: Environment,
  names: readonly string[] = [],
): Promise<Connector[]> {
  const found = await Promise.all((await jsonFiles(directory)).map(readConnectorFile));
  const missing = names.filter((name) => !found.some((connector) => connector.name === name));
  if (found.length === 0 || missing.length > 0) {
    const there = found.length === 0 ? 'none' : found.map(({ name }) => name).join(', ');
    throw new ConnectorError(
      'UNKNOWN_CONNECTOR',
      `there is no connector ${missing.map((name) => `"${name}" `).join('')}in ${directory}; there are: ${there}`,
    );
  }
  const twice = found.find(({ name }, index) => found.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) {
    throw new ConnectorError('FILE_INVALID', `${directory} has more than one connector named "${twice.name}"`);
  }
  return found
    .filter(({ name }) => names.length === 0 || names.includes(name))
    .map(({ file, name, config }) => ({ name, file, config: settings(config, withTopics(environment, name), file) }));
}

async function readConnectorFile(file: string): Promise<z.infer<typeof connectorFile> & { readonly file: string }> {
  const read = connectorFile.safeParse(await readJson(file));
  if (!read.success) throw new ConnectorError('FILE_INVALID', `${file} is no connector: ${problems(read.error)}`);
  return { ...read.data, file };
}

/** In the files of the application's own connectors `${TOPICS}` are those that the catalogue sends there. */
function withTopics(environment: Environment, connector: string): Environment {
  const topics = topicsOfConnector(connector);
  return topics.length === 0 ? environment : { ...environment, TOPICS: topics.join(',') };
}

/** A setting that comes to nothing is left out: that is how a variable without a value says "not set". */
function settings(
  config: z.infer<typeof connectorFile>['config'],
  environment: Environment,
  file: string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config)
      .map(([name, value]) => [name, substitute(String(value), environment, file)] as const)
      .filter(([, value]) => value !== ''),
  );
}

/** The `*.json` in a directory. @throws ConnectorError FILE_INVALID */
export async function jsonFiles(directory: string): Promise<string[]> {
  try {
    const names = await readdir(directory);
    return names
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => join(directory, name));
  } catch (cause) {
    throw new ConnectorError('FILE_INVALID', `the directory ${directory} cannot be read: ${because(cause)}`, { cause });
  }
}

/** @throws ConnectorError FILE_INVALID */
export async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new ConnectorError('FILE_INVALID', `${file} cannot be read: ${because(cause)}`, { cause });
  }
}

function because(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function problems(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`).join('; ');
}
