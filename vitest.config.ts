import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const STREAMS = fileURLToPath(new URL('streams/', import.meta.url));
/** What `npm test` runs: it needs Node and nothing else. */
const NODE = ['test/unit/**/*.test.ts', 'test/integration/**/*.test.ts'];
/** What `npm run test:services` runs: it needs Java, the Kafka client or Docker, or runs for long. */
export const SERVICES = ['test/services/**/*.test.ts', 'test/oracle/**/*.test.ts', 'test/faults/**/*.test.ts'];

/** Of a test with services, which fails before that when nothing moves: its waits are for progress. */
export const LONGEST_MS = 900_000;

const WORKERS = availableParallelism() + 1;

export default defineConfig({
  // Tests run what is written, not what was built last.
  resolve: {
    alias: [
      { find: /^@millrace\/streams$/, replacement: `${STREAMS}index.ts` },
      { find: /^@millrace\/streams\/(\w+)$/, replacement: `${STREAMS}$1.ts` },
    ],
  },
  test: {
    pool: 'forks',
    setupFiles: fileURLToPath(new URL('test/worker.ts', import.meta.url)),
    // Many tests wait for processes of their own.
    minWorkers: WORKERS,
    maxWorkers: WORKERS,
    // Most processor time of a file went into loading the modules that the one before had loaded.
    poolOptions: { forks: { isolate: false } },
    testTimeout: 240_000,
    hookTimeout: 240_000,
    projects: [
      { extends: true, test: { name: 'node', include: NODE } },
      {
        extends: true,
        test: { name: 'services', include: SERVICES, testTimeout: LONGEST_MS, hookTimeout: LONGEST_MS },
      },
    ],
  },
});
