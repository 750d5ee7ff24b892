import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type Log, LogError } from '../log.js';
import { EmbeddedLog } from './embedded-log.js';
import { RemoteLog } from './remote-log.js';

const RETRY_MS = 50;

export interface OpenLogOptions {
  /** Whether a directory that holds no log becomes one. Default false. */
  readonly create?: boolean;
  /** How long to try, in milliseconds, while a process that holds the directory starts or stops. Default 2 000. */
  readonly maxWaitMs?: number;
}

/**
 * Opens the log of a directory whether or not another process runs on it: directly when it is free, through its owner
 * when it is not. Nothing is deleted: that is left to a pipeline.
 *
 * @throws LogError LOG_IO when there is no log in it; LOG_LOCKED when its owner does not serve it
 */
export async function openLog(directory: string, options: OpenLogOptions = {}): Promise<Log> {
  const { create = false, maxWaitMs = 2_000 } = options;
  if (!create && !(await holdsLog(directory))) {
    throw new LogError('LOG_IO', `there is no log in ${directory}; give the data directory of a pipeline that has run`);
  }
  const deadline = performance.now() + maxWaitMs;
  for (;;) {
    // First, as opening takes a look at all files.
    const remote = await RemoteLog.connect(directory);
    if (remote !== undefined) return remote;
    try {
      return await EmbeddedLog.open({ directory, serve: true, cleans: false });
    } catch (error) {
      if (!(error instanceof LogError) || error.code !== 'LOG_LOCKED') throw error;
      if (performance.now() >= deadline) throw error;
    }
    await delay(RETRY_MS);
  }
}

/** Whether LevelDB has been there, be it damaged since. */
async function holdsLog(directory: string): Promise<boolean> {
  const names = await readdir(directory).catch(() => []);
  return names.some((name) => /^(CURRENT|MANIFEST-\d+|\d+[.](ldb|log)|committed)$/.test(name));
}
