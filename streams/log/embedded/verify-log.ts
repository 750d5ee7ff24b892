import { access } from 'node:fs/promises';
import { LogError } from '../log.js';
import { lockLog } from './directory-lock.js';
import { examineLog, type LogReport } from './log-report.js';

/**
 * Reads all of the log in a directory, and says what of it is damaged or missing; nothing in the directory changes.
 *
 * @throws LogError LOG_LOCKED when a process has it open; LOG_IO when it cannot be read
 */
export async function verifyLog(directory: string): Promise<LogReport> {
  await requireDirectory(directory);
  const release = await lockLog(directory);
  try {
    return (await examineLog(directory)).report;
  } finally {
    await release();
  }
}

/** @throws LogError LOG_IO when there is no such directory */
export async function requireDirectory(directory: string): Promise<void> {
  await access(directory).catch((cause: unknown) => {
    throw new LogError(
      'LOG_IO',
      `there is no log in ${directory}; give the data directory of a pipeline that has run`,
      {
        cause,
      },
    );
  });
}
