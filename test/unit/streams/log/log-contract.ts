import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Log } from '../../../../streams/log/log.js';
import { logContract } from '../../../../streams/testing/log-contract.js';

export { append, readRecords } from '../../../../streams/testing/log-records.js';

export interface LogUnderTest {
  readonly log: Log;
  /** Ends the log, and what was made for it. */
  close(): Promise<void>;
}

/** Runs the log's contract suite. */
export function describeLogContract(name: string, open: () => Promise<LogUnderTest>): void {
  describe(`${name} keeps the log's contract: it`, () => {
    let underTest: LogUnderTest;
    beforeAll(async () => {
      underTest = await open();
    });
    afterAll(() => underTest.close());

    it.each(logContract().map(({ name, run }) => [name, run] as const))('%s', (_name, run) => run(underTest.log));
  });
}
