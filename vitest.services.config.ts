import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import base, { LONGEST_MS, SERVICES } from './vitest.config.js';

/**
 * What wants the machine for itself: it keeps both cores busy, or measures how long something takes, or drives a browser.
 * The others mostly wait for a service, and run two at a time.
 */
const ALONE = [
  'test/faults/{exactly-once,resume}.test.ts',
  'test/oracle/**/*.test.ts',
  'test/services/dashboard*.test.ts',
  'test/services/kafka/interruption.test.ts',
  'test/services/kafka/silence.test.ts',
  'test/services/kafka/unanswered-call.test.ts',
];
/** Leaves what there is no time for. */
const RUNNER = fileURLToPath(new URL('test/runner.ts', import.meta.url));
/** Of brokers and others in Java, which are up for minutes: half the processor time of a start is the second compiler's. */
const JAVA_OPTIONS = [process.env['JDK_JAVA_OPTIONS'], '-XX:TieredStopAtLevel=1'].filter(Boolean).join(' ');
const LONG = { testTimeout: LONGEST_MS, hookTimeout: LONGEST_MS };

/** The two lanes of `npm run test:services`. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    runner: RUNNER,
    env: { JDK_JAVA_OPTIONS: JAVA_OPTIONS },
    minWorkers: 1,
    // What is left of a file's services is ended with its modules, whose hooks are the file's.
    poolOptions: { forks: { isolate: true } },
    projects: [
      { extends: true, test: { ...LONG, name: 'together', include: SERVICES, exclude: ALONE } },
      { extends: true, test: { ...LONG, name: 'alone', include: ALONE } },
    ],
  },
});
