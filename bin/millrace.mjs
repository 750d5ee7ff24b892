#!/usr/bin/env node
import { setUp } from './setup.mjs';

await setUp();
const { main } = await import('../dist/cli/main.js');
const { endWhenDone } = await import('../dist/cli/end-process.js');
endWhenDone(await main(process.argv.slice(2)));
