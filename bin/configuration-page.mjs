/** Writes docs/configuration.md: what can be set, as the options of this version's commands have it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './steps.mjs';

const { makeProgram } = await import('../dist/cli/program.js');
const { referencePage } = await import('../dist/cli/configuration/reference-page.js');
writeFileSync(join(ROOT, 'docs/configuration.md'), referencePage((await makeProgram()).settings));
