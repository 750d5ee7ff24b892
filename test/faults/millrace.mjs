/** The program from its parts, not from its bundle: crash points are set in the engine's own modules. */
import { run } from '../../dist/cli/main.js';

await run(process.argv.slice(2));
