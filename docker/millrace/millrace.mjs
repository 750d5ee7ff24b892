/** The program in an image, which is built once and for all. */
import { run } from './dist/programs/main.js';

await run(process.argv.slice(2));
