#!/usr/bin/env node
import { setUp } from './setup.mjs';

await setUp();
const { main } = await import('../dist/cli/main.js');
process.exitCode = await main(process.argv.slice(2));
