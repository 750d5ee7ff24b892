/** The log that runs inside the process, in LevelDB or in memory. */
export { EmbeddedLog } from './log/embedded/embedded-log.js';
export type { RetentionDeletion } from './log/embedded/log-cleaner.js';
export type { LogReport, LostRecords } from './log/embedded/log-report.js';
export { type OpenLogOptions, openLog } from './log/embedded/open-log.js';
export { type RepairOptions, type RepairResult, repairLog } from './log/embedded/repair-log.js';
export { verifyLog } from './log/embedded/verify-log.js';
export { makePrivateDirectory, makePrivateDirectorySync } from './log/private-directory.js';
