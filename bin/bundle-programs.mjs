/**
 * Bundles the programs of dist/ into dist/programs/: one file each and what they share, in place of a thousand files that Node
 * would look up and read one by one at each start, in each process. What is beside it in dist/ stays as it was, to be
 * imported by parts.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { ROOT, SetUpError } from './steps.mjs';

const DIST = join(ROOT, 'dist');
const PROGRAMS = join(DIST, 'programs');
/** What was written by the last build. */
const WRITTEN = join(PROGRAMS, '.written');
/** What the user starts, and the processes that it starts itself. */
const ENTRIES = [
  'cli/main.js',
  'app/pipeline/worker.js',
  'app/lake/lake-process.js',
  'api/serve-process.js',
  'lake/query/query-process.js',
  'lake/lines/lines-process.js',
  'lake/lines/parquet-process.js',
];
/**
 * Packages that go into the bundle with all they need: plain JavaScript of many files, or loaded at each start. All
 * others are native, read files of their own, or are loaded only where they are used.
 */
const BUNDLED = [
  ...['@kafkajs/confluent-schema-registry', 'cli-table3', 'commander', 'express', 'express-rate-limit', 'helmet'],
  ...['jose', 'log-update', 'mmdb-lib', 'picomatch', 'slice-ansi', 'string-width', 'tinyglobby', 'yaml', 'zod'],
  'zod-openapi',
];
/** Where a file of dist/ says what is beside it: another program, or itself. */
const PLACE = /new URL\("([\w./-]+\.js)", import\.meta\.url\)|import\.meta\.url/g;
const OWN = /[\\/]dist[\\/].*\.js$/;
/** Packages in CommonJS ask for Node's modules by a function that a module has not. */
const REQUIRE = "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);";

/** @throws SetUpError */
export async function bundlePrograms() {
  const esbuild = await import('esbuild');
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  try {
    const { metafile } = await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: Object.fromEntries(ENTRIES.map((path) => [basename(path, '.js'), join('dist', path)])),
      outdir: PROGRAMS,
      chunkNames: '[name]-[hash]',
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      sourcemap: true,
      metafile: true,
      banner: { js: REQUIRE },
      external: ['@confluentinc/kafka-javascript', 'classic-level', ...Object.keys(dependencies)].filter(
        (name) => !BUNDLED.includes(name),
      ),
      plugins: [ownUrls],
      logLevel: 'silent',
    });
    finish(metafile);
  } catch (cause) {
    throw new SetUpError(`the programs were not bundled: ${cause instanceof Error ? cause.message : cause}`);
  }
}

/** A module that reads files beside itself finds them from where it is bundled, and a program finds another bundled one. */
const ownUrls = {
  name: 'own-urls',
  setup({ onLoad }) {
    onLoad({ filter: OWN }, ({ path }) => {
      if (path.includes('node_modules')) return undefined;
      const here = `new URL(${JSON.stringify(relative(PROGRAMS, path).replaceAll('\\', '/'))}, import.meta.url).href`;
      const contents = readFileSync(path, 'utf8').replace(PLACE, (_, program) =>
        program === undefined ? here : `new URL("${bundleOf(resolve(dirname(path), program))}", import.meta.url)`,
      );
      return { contents, loader: 'js' };
    });
  },
};

/** @throws Error of a program that is not bundled */
function bundleOf(path) {
  if (!ENTRIES.some((entry) => join(DIST, entry) === path))
    throw new Error(`${relative(DIST, path)} is none of the programs`);
  return basename(path);
}

/** Deletes what neither this build nor the one before has written: a pipeline may be running from that one. */
function finish({ inputs, outputs }) {
  const before = existsSync(WRITTEN) ? readFileSync(WRITTEN, 'utf8').split('\n') : [];
  const written = Object.keys(outputs).map((path) => basename(path));
  for (const name of readdirSync(PROGRAMS)) {
    if (!written.includes(name) && !before.includes(name)) rmSync(join(PROGRAMS, name));
  }
  writeFileSync(join(PROGRAMS, 'LICENSES.txt'), licences(Object.keys(inputs)));
  writeFileSync(WRITTEN, written.join('\n'));
}

/** The licences of the packages that are in the bundle, each under its name and version. */
function licences(inputs) {
  const packages = new Set(inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []));
  const texts = [...packages].sort().map((folder) => {
    const { license, name, version } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(ROOT, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name} ${version}\n\n${file === undefined ? license : readFileSync(join(ROOT, folder, file), 'utf8')}`;
  });
  return texts.join(`\n\n${'-'.repeat(80)}\n\n`);
}
