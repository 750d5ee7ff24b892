#!/usr/bin/env node
import { setUp } from './setup.mjs';

await setUp();
const { run } = await import('../dist/cli/main.js');
await run(process.argv.slice(2));
