/** Writes deploy/kibana/millrace.ndjson and deploy/kibana/dashboards/ of deploy/kibana/source/. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { isMain, ROOT } from './steps.mjs';

const KIBANA = join(ROOT, 'deploy/kibana');
const BUNDLES = join(ROOT, 'node_modules/.cache/kibana');

async function writeObjects() {
  const entryPoints = ['objects', 'dashboard-state'].map((name) => join(KIBANA, 'source', `${name}.ts`));
  await build({
    ...{ entryPoints, outdir: BUNDLES, outExtension: { '.js': '.mjs' }, bundle: true },
    ...{ format: 'esm', platform: 'node', logLevel: 'warning' },
  });
  const bundle = (name) => import(pathToFileURL(join(BUNDLES, name)).href);
  const { savedObjects } = await bundle('objects.mjs');
  const lines = savedObjects().map((object) => `${JSON.stringify(object)}\n`);
  writeFileSync(join(KIBANA, 'millrace.ndjson'), lines.join(''));

  const { dashboardStates } = await bundle('dashboard-state.mjs');
  const directory = join(KIBANA, 'dashboards');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const [id, state] of dashboardStates()) {
    writeFileSync(join(directory, `${id}.json`), `${JSON.stringify(state, null, 2)}\n`);
  }
}

if (isMain(import.meta.url)) await writeObjects();
