import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const STREAMS = fileURLToPath(new URL('streams/', import.meta.url));

export default defineConfig({
  // Tests run what is written, not what was built last.
  resolve: {
    alias: [
      { find: /^@millrace\/streams$/, replacement: `${STREAMS}index.ts` },
      { find: /^@millrace\/streams\/(\w+)$/, replacement: `${STREAMS}$1.ts` },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
