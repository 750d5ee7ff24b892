/**
 * Kills the process that it is loaded into (`node --import`), as `kill -9` does, at one step of writing to a lake: in
 * LAKE_STRIKE, JSON: { step, moment: 'before' | 'after', pass: from 1, report: a file that is made when it strikes }.
 */

import { writeFileSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';

const { step, moment, pass, report } = JSON.parse(process.env.LAKE_STRIKE);
const require = createRequire(import.meta.url);
let passes = 0;

function strike() {
  writeFileSync(report, '');
  process.kill(process.pid, 'SIGKILL');
}

/** Makes a method a step where `isMeant` accepts its arguments. */
function watch(name, object, methodName, isMeant) {
  if (name !== step) return;
  const method = object[methodName];
  object[methodName] = async function (...args) {
    if (!isMeant(...args) || ++passes !== pass) return method.apply(this, args);
    if (moment === 'before') strike();
    const result = await method.apply(this, args);
    strike();
    return result;
  };
}

const files = require('node:fs/promises');
// Making the data file, the commit itself, and the checkpoint after it.
watch('copy', require('@duckdb/node-api').DuckDBConnection.prototype, 'run', (sql) => sql.includes('zstd.parquet'));
watch('link', files, 'link', (_from, to) => to.endsWith('.json'));
watch('checkpoint', files, 'rename', (_from, to) => to.endsWith('.checkpoint.parquet'));
syncBuiltinESMExports();
