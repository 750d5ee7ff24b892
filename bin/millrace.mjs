#!/usr/bin/env node
import { existsSync } from 'node:fs';

// A checkout installs and builds what is missing. What npm has installed is complete, and has no sources.
if (existsSync(new URL('../cli/main.ts', import.meta.url))) {
  const { setUp } = await import('./setup.mjs');
  await setUp();
}
const { run } = await import('../dist/programs/main.js');
await run(process.argv.slice(2));
