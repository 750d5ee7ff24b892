/**
 * Builds web/dist/ of web/: one page, scripts and styles with their content's hash in their names, each beside itself compressed.
 * Types are not checked here. `--watch` builds again after each change; a running server serves what is there.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { isMain, orEnd, ROOT, SetUpError } from './steps.mjs';

const WEB = join(ROOT, 'web');
const DIST = join(WEB, 'dist');
const COMPRESSED = /\.(js|css|html|svg)$/;
/** What may be the name of a utility class, or a part of a sentence: Tailwind passes over what it does not know. */
const CANDIDATE = /[^\s"'`<>{}();=]+/g;

/** @throws SetUpError */
export async function buildDashboard() {
  const esbuild = await import('esbuild');
  // Whole, then in place of the old one: a server may be giving it out.
  const next = join(DIST, '.next');
  rmSync(next, { recursive: true, force: true });
  mkdirSync(next, { recursive: true });
  try {
    const { metafile } = await esbuild.build({
      absWorkingDir: WEB,
      entryPoints: { main: 'main.tsx', theme: 'shell/first-theme.ts' },
      bundle: true,
      splitting: true,
      format: 'esm',
      target: 'es2022',
      jsx: 'automatic',
      minify: true,
      sourcemap: false,
      metafile: true,
      outdir: next,
      entryNames: 'assets/[name]-[hash]',
      chunkNames: 'assets/[name]-[hash]',
      assetNames: 'assets/[name]-[hash]',
      loader: { '.woff2': 'file' },
      define: { 'process.env.NODE_ENV': '"production"' },
      logLevel: 'silent',
      plugins: [tailwind()],
    });
    writePage(next, metafile);
  } catch (cause) {
    throw new SetUpError(`the dashboard was not built: ${cause instanceof Error ? cause.message : cause}`);
  }
  for (const name of readdirSync(next, { recursive: true })) {
    if (COMPRESSED.test(name)) compress(join(next, name));
  }
  const names = readdirSync(join(next, 'assets'));
  // The page last, for it names the others.
  cpSync(join(next, 'assets'), join(DIST, 'assets'), { recursive: true });
  for (const name of readdirSync(next)) if (name !== 'assets') cpSync(join(next, name), join(DIST, name));
  for (const name of readdirSync(join(DIST, 'assets'))) {
    if (!names.includes(name)) rmSync(join(DIST, 'assets', name));
  }
  rmSync(next, { recursive: true, force: true });
}

/** Style sheets by Tailwind: what of its utilities the sources name. */
function tailwind() {
  return {
    name: 'tailwind',
    setup({ onLoad }) {
      onLoad({ filter: /styles\/main\.css$/ }, async ({ path }) => {
        const { compile } = await import('tailwindcss');
        const { build } = await compile(readFileSync(path, 'utf8'), {
          base: dirname(path),
          loadStylesheet: async (id, base) => {
            const file = id.startsWith('tailwindcss/') ? join(packageOf('tailwindcss'), id.slice(12)) : join(base, id);
            return { path: file, base: dirname(file), content: readFileSync(file, 'utf8') };
          },
        });
        return { contents: build(candidates()), loader: 'css', resolveDir: dirname(path) };
      });
    },
  };
}

function packageOf(name) {
  const places = [join(WEB, 'node_modules', name), join(ROOT, 'node_modules', name)];
  return places.find((place) => existsSync(place)) ?? places[1];
}

function candidates() {
  const found = new Set();
  for (const name of readdirSync(WEB, { recursive: true })) {
    if (!name.endsWith('.tsx') || /^(node_modules|dist)/.test(name)) continue;
    for (const [word] of readFileSync(join(WEB, name), 'utf8').matchAll(CANDIDATE)) found.add(word);
  }
  return [...found];
}

/** The page names what it needs first; the rest is asked for when it is needed. */
function writePage(directory, { outputs }) {
  const nameOf = (entry) =>
    relative(
      directory,
      join(
        WEB,
        Object.keys(outputs).find((path) => outputs[path].entryPoint === entry),
      ),
    );
  const script = nameOf('main.tsx');
  const output = outputs[Object.keys(outputs).find((path) => outputs[path].entryPoint === 'main.tsx')];
  const style = relative(directory, join(WEB, output.cssBundle));
  const chunks = output.imports
    .filter(({ kind }) => kind === 'import-statement')
    .map(({ path }) => relative(directory, join(WEB, path)));
  const font = readdirSync(join(directory, 'assets')).find((name) => name.startsWith('hanken-grotesk'));
  const links = [
    `<script src="/${nameOf('shell/first-theme.ts')}"></script>`,
    `<link rel="stylesheet" href="/${style}">`,
    `<link rel="preload" href="/assets/${font}" as="font" type="font/woff2" crossorigin>`,
    ...chunks.map((chunk) => `<link rel="modulepreload" href="/${chunk}">`),
    `<script type="module" src="/${script}"></script>`,
  ];
  const page = readFileSync(join(WEB, 'index.html'), 'utf8').replace('<!-- assets -->', links.join('\n    '));
  writeFileSync(join(directory, 'index.html'), page);
  cpSync(join(WEB, 'icon.svg'), join(directory, 'icon.svg'));
}

function compress(path) {
  const bytes = readFileSync(path);
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
}

async function keepBuilding() {
  let timer;
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const startedAt = performance.now();
      await buildDashboard().then(
        () => process.stderr.write(`built in ${Math.round(performance.now() - startedAt)} ms\n`),
        (error) => process.stderr.write(`${error.message}\n`),
      );
    }, 100);
  };
  watch(WEB, { recursive: true }, (_, name) => {
    if (name !== null && !/^(dist|node_modules)/.test(name) && !basename(name).startsWith('.')) again();
  });
  again();
}

if (isMain(import.meta.url)) await (process.argv.includes('--watch') ? keepBuilding() : orEnd(buildDashboard));
