import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** The long run of the faults; `npm test` makes a short one. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    projects: undefined,
    include: ['test/faults/exactly-once.test.ts', 'test/faults/three-brokers.test.ts'],
    // Each runs for long, and wants the machine for itself.
    fileParallelism: false,
    poolOptions: { forks: { isolate: true } },
    env: {
      MILLRACE_FAULTS_KILLS: process.env['MILLRACE_FAULTS_KILLS'] ?? '100',
      MILLRACE_FAULTS_MINUTES: process.env['MILLRACE_FAULTS_MINUTES'] ?? '10',
      MILLRACE_FAULTS_SEED: process.env['MILLRACE_FAULTS_SEED'] ?? '1',
    },
    disableConsoleIntercept: true,
  },
});
