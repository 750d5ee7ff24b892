import { relative } from 'node:path';
import { VitestTestRunner } from 'vitest/runners';

/** When no more files are begun, in seconds since 1970. Without it all are run. */
const DEADLINE = 'MILLRACE_TEST_DEADLINE';

/**
 * Skips the files that there is no time for, and names them: a run that is ended from outside for its time tells nothing,
 * not even of what it has run.
 */
export default class RunnerWithDeadline extends VitestTestRunner {
  onBeforeCollect(paths: readonly string[]): void {
    const deadline = Number(process.env[DEADLINE] ?? Number.POSITIVE_INFINITY);
    if (Date.now() / 1000 < deadline) return;
    for (const path of paths) console.warn(`skipped, for the time of this run is over: ${relative('', path)}`);
    // Which no test's name fits.
    this.config.testNamePattern = /(?!)/;
  }
}
