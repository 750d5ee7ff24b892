import { join } from 'node:path';
import type { Log } from '@millrace/streams';
import { EmbeddedLog, openLog } from '@millrace/streams/embedded';
import { SchemaDirectory } from '../../schemas/schema-directory.js';
import type { Notify } from '../notice.js';
import { closeToOthers } from './privacy.js';

const LOG = 'log';
const STATE = 'state';

/** A data directory that is open: its log, its schemas, and its place for state. */
export interface DataDirectory {
  readonly log: Log;
  readonly schemas: SchemaDirectory;
  readonly stateDirectory: string;
  close(): Promise<void>;
}

/**
 * Opens the directory for this process alone, creates it when there is none, and serves its log to other processes.
 *
 * @param maxLogBytes how much its records may take on disk; default as much as they do
 * @throws LogError LOG_LOCKED when another process has it
 */
export async function ownDataDirectory(
  directory: string,
  onNotice: Notify,
  maxLogBytes?: number,
): Promise<DataDirectory> {
  const log = await EmbeddedLog.open({
    directory: join(directory, LOG),
    serve: true,
    maxBytes: maxLogBytes,
    onRetention: (deletion) => onNotice({ kind: 'retention', deletion }),
  });
  for (const part of [LOG, STATE]) await closeToOthers(join(directory, part));
  return dataDirectory(directory, log);
}

/**
 * Opens the directory, by way of the process that has it when there is one.
 *
 * @throws LogError LOG_IO when there is no log in it and `create` is not set
 */
export async function shareDataDirectory(
  directory: string,
  options: { readonly create: boolean },
): Promise<DataDirectory> {
  return dataDirectory(directory, await openLog(join(directory, LOG), options));
}

function dataDirectory(directory: string, log: Log): DataDirectory {
  return {
    log,
    schemas: new SchemaDirectory(join(directory, 'schemas.json')),
    stateDirectory: join(directory, STATE),
    close: () => log.close(),
  };
}
