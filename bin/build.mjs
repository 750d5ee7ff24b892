/**
 * Builds dist/ of the sources: JavaScript of what is TypeScript, in place, for a pipeline may be running from there.
 * Types are not checked here: `npm run typecheck` does that.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isMain, orEnd, ROOT, step } from './steps.mjs';

// The bench compares results with the reference of the tests.
const SOURCES = [
  'streams',
  'detection',
  'topology',
  'producer',
  'schemas',
  'connectors',
  'stack',
  'lake',
  'cli',
  'bench',
  'test/reference',
];
const ASSET = /\.(avsc|json|xml|properties|java|py)$/;
const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, '.built');
const ESBUILD = join(ROOT, 'node_modules/esbuild/bin/esbuild');
const OPTIONS = [
  '--outdir=dist',
  '--outbase=.',
  '--format=esm',
  '--platform=node',
  '--sourcemap',
  '--log-level=warning',
];

export function isBuilt() {
  const built = statSync(STAMP, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return [...SOURCES, 'bin/build.mjs', 'tsconfig.json'].every((name) => newest(join(ROOT, name)) <= built);
}

/** @throws SetUpError */
export async function build() {
  const startedAt = new Date();
  process.stderr.write('building…\n');
  // An image is not made of all of them.
  const folders = SOURCES.filter((folder) => existsSync(join(ROOT, folder)));
  const patterns = folders.map((folder) => `${folder}/**/*.ts`);
  await step(process.execPath, [ESBUILD, ...patterns, ...OPTIONS], 'the build');
  for (const folder of folders) copyAssets(folder);
  for (const folder of SOURCES) removeOrphans(folder);
  writeFileSync(STAMP, '');
  // What is changed while it builds is newer than the stamp.
  utimesSync(STAMP, startedAt, startedAt);
}

/** When the file, or anything in the folder, was last changed, made or deleted. */
function newest(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Copies what the code reads at run time from beside itself: schemas, connector configurations and the like. */
function copyAssets(folder) {
  for (const name of readdirSync(join(ROOT, folder), { recursive: true })) {
    if (!ASSET.test(name)) continue;
    mkdirSync(dirname(join(DIST, folder, name)), { recursive: true });
    copyFileSync(join(ROOT, folder, name), join(DIST, folder, name));
  }
}

/** Deletes what an earlier build made of a source that is gone. */
function removeOrphans(folder) {
  if (!existsSync(join(DIST, folder))) return;
  for (const entry of readdirSync(join(DIST, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeOrphans(path);
    const source = path.replace(/\.js(\.map)?$/, '.ts');
    if (!existsSync(join(ROOT, source))) rmSync(join(DIST, path), { recursive: true });
  }
}

if (isMain(import.meta.url)) await orEnd(build);
