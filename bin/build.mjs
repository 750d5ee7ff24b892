/**
 * Builds dist/ of the sources, and streams/dist/ of the package's: JavaScript of what is TypeScript, in place, for a pipeline may be running from there.
 * Types are not checked here: `npm run typecheck` does that.
 */
import {
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { buildDashboard } from './build-dashboard.mjs';
import { bundlePrograms } from './bundle-programs.mjs';
import { isMain, orEnd, ROOT, step } from './steps.mjs';

// The bench compares results with the reference of the tests.
const SOURCES = [
  'detection',
  'topology',
  'producer',
  'schemas',
  'connectors',
  'stack',
  'lake',
  'app',
  'api',
  'notify',
  'cli',
  'bench',
  'examples',
  'test/reference',
];
/** An npm workspace of its own. */
const PACKAGE = 'streams';
const DASHBOARD = 'web';
/** As esbuild writes it. */
const ENGINE_IMPORT = /(\bfrom |\bimport |\bimport\()"@millrace\/streams(?:\/(\w+))?"/g;
const ASSET = /\.(avsc|json|xml|properties|java|py)$/;
/** What is read at run time and is no source. */
const FILES = [
  ...['deploy/grafana/dashboards', 'deploy/grafana/provisioning/datasources'],
  ...['deploy/kibana/dashboards', 'deploy/kibana/millrace.ndjson'],
];
const BUILT_BY = ['bin/build.mjs', 'bin/build-dashboard.mjs', 'bin/bundle-programs.mjs', 'tsconfig.json'];
const DIST = join(ROOT, 'dist');
const MAIN = 'cli/main.js';
const STAMP = join(DIST, '.built');
const STARTED = join(DIST, '.building');
const ESBUILD = join(ROOT, 'node_modules/.bin/esbuild');
const OPTIONS = ['--format=esm', '--platform=node', '--sourcemap', '--log-level=warning'];

export function isBuilt() {
  const built = statSync(STAMP, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return [PACKAGE, DASHBOARD, ...SOURCES, ...FILES, ...BUILT_BY].every((name) => newest(join(ROOT, name)) <= built);
}

/** @throws SetUpError */
export async function build() {
  // An image is not made of all of them.
  const hasDashboard = existsSync(join(ROOT, DASHBOARD));
  // First, for it changes the folder that it is in.
  for (const name of hasDashboard ? [PACKAGE, DASHBOARD] : [PACKAGE]) {
    mkdirSync(join(ROOT, name, 'dist'), { recursive: true });
  }
  // What is changed while it builds is newer than the stamp. Both times are the file system's, whose clock is another one.
  mkdirSync(DIST, { recursive: true });
  writeFileSync(STARTED, '');
  process.stderr.write('building…\n');
  const folders = SOURCES.filter((folder) => existsSync(join(ROOT, folder)));
  await transpile([PACKAGE], PACKAGE);
  await transpile(folders, '.');
  linkPackage();
  for (const folder of folders) {
    importEngineByPath(join(DIST, folder));
    copyAssets(folder);
  }
  for (const name of FILES) cpSync(join(ROOT, name), join(DIST, name), { recursive: true });
  for (const folder of [...SOURCES, 'deploy']) removeOrphans(folder, join(DIST, folder));
  removeOrphans(PACKAGE, join(ROOT, PACKAGE, 'dist'));
  if (existsSync(join(DIST, MAIN))) await bundlePrograms();
  if (hasDashboard) await buildDashboard();
  renameSync(STARTED, STAMP);
}

async function transpile(folders, base) {
  const patterns = folders.map((folder) => `${folder}/**/*.ts`);
  const places = [`--outbase=${base}`, `--outdir=${base}/dist`];
  await step(ESBUILD, [...patterns, ...places, ...OPTIONS], 'the build');
}

/** When the file, or anything in the folder, was last changed, made or deleted. */
function newest(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  const names = readdirSync(path).filter((name) => name !== 'dist' && name !== 'node_modules');
  return Math.max(stats.mtimeMs, ...names.map((name) => newest(join(path, name))));
}

/**
 * The engine is imported from where it is built, not by its package's name: the application is published with the engine
 * in it, and works also where no package of that name is installed.
 */
function importEngineByPath(folder) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith('.js')) continue;
    const path = join(folder, name);
    const code = readFileSync(path, 'utf8');
    const engine = relative(dirname(path), join(ROOT, PACKAGE, 'dist')).replaceAll('\\', '/');
    const changed = code.replace(ENGINE_IMPORT, (_, keyword, entry = 'index') => `${keyword}"${engine}/${entry}.js"`);
    if (changed !== code) writeFileSync(path, changed);
  }
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
function removeOrphans(folder, built) {
  if (!existsSync(built)) return;
  for (const entry of readdirSync(built, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeOrphans(path, join(built, entry.name));
    const source = path.replace(/\.(js|d\.ts)(\.map)?$/, '.ts');
    if (!existsSync(join(ROOT, source))) rmSync(join(built, entry.name), { recursive: true });
  }
}

/** The package is built in its own folder; here it is found beside the rest. */
function linkPackage() {
  mkdirSync(DIST, { recursive: true });
  const link = join(DIST, PACKAGE);
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  rmSync(link, { recursive: true, force: true });
  const target = process.platform === 'win32' ? join(ROOT, PACKAGE, 'dist') : join('..', PACKAGE, 'dist');
  symlinkSync(target, link, 'junction');
}

if (isMain(import.meta.url)) await orEnd(build);
