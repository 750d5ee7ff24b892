import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type * as client from '@platformatic/kafka';

const ENTRY = pathToFileURL(createRequire(import.meta.url).resolve('@platformatic/kafka'));

/**
 * Some of the client's files. Its entry, the only file that it exports, also loads producers and consumers that are not
 * used here, and compiles the checks of their options: 0.3 s and 45 MB at each start.
 */
function load<Name extends keyof typeof client>(path: string): Promise<Pick<typeof client, Name>> {
  return import(new URL(path, ENTRY).href);
}

export const { Connection } = await load<'Connection'>('network/connection.js');
export const { createAPI } = await load<'createAPI'>('apis/definitions.js');
export const { apiVersionsV3 } = await load<'apiVersionsV3'>('apis/metadata/index.js');
export const { Writer } = await load<'Writer'>('protocol/writer.js');
export const { compressionsAlgorithmsByBitmask } =
  await load<'compressionsAlgorithmsByBitmask'>('protocol/compression.js');
export const { protocolErrors, protocolErrorsCodesById } = await load<'protocolErrors' | 'protocolErrorsCodesById'>(
  'protocol/errors.js',
);
