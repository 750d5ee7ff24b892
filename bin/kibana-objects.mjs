/** Writes deploy/kibana/millrace.ndjson of deploy/kibana/source/. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { isMain, ROOT } from './steps.mjs';

const BUNDLE = join(ROOT, 'node_modules/.cache/kibana-objects.mjs');

async function writeObjects() {
  await build({
    ...{ entryPoints: [join(ROOT, 'deploy/kibana/source/objects.ts')], outfile: BUNDLE, bundle: true },
    ...{ format: 'esm', platform: 'node', logLevel: 'warning' },
  });
  const { savedObjects } = await import(pathToFileURL(BUNDLE).href);
  const lines = savedObjects().map((object) => `${JSON.stringify(object)}\n`);
  writeFileSync(join(ROOT, 'deploy/kibana/millrace.ndjson'), lines.join(''));
}

if (isMain(import.meta.url)) await writeObjects();
