/** Writes deploy/grafana/dashboards/ of deploy/grafana/source/. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { isMain, ROOT } from './steps.mjs';

const SOURCE = join(ROOT, 'deploy/grafana/source/dashboards.ts');
const TARGET = join(ROOT, 'deploy/grafana/dashboards');
/** Where it finds the packages that it imports. */
const BUNDLE = join(ROOT, 'node_modules/.cache/grafana-dashboards.mjs');

async function writeDashboards() {
  await build({
    ...{ entryPoints: [SOURCE], outfile: BUNDLE, bundle: true, packages: 'external' },
    ...{ format: 'esm', platform: 'node', logLevel: 'warning' },
  });
  const { dashboards } = await import(pathToFileURL(BUNDLE).href);
  const made = dashboards();
  mkdirSync(TARGET, { recursive: true });
  for (const name of readdirSync(TARGET)) if (!made.has(name)) rmSync(join(TARGET, name));
  for (const [name, dashboard] of made) writeFileSync(join(TARGET, name), `${JSON.stringify(dashboard, null, 2)}\n`);
}

if (isMain(import.meta.url)) await writeDashboards();
