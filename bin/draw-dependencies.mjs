/**
 * Draws which folder imports which into docs/ARCHITECTURE.md, from the imports that dependency-cruiser finds. An arrow that
 * follows from others is left out: where a imports b and c, and b imports c, only a --> b --> c is drawn.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './steps.mjs';

const PAGE = join(ROOT, 'docs/ARCHITECTURE.md');
const NOT_THE_PRODUCT = ['bench', 'examples', 'test'];
/** They only export what lies in folders. */
const ENTRY_POINT = /^streams\/(index|embedded|kafka|avro|testing)\.ts$/;
const DRAWINGS = {
  application: (file) => file.split('/', 1)[0],
  engine: (file) => (file.startsWith('streams/') && !ENTRY_POINT.test(file) ? file.split('/', 2)[1] : undefined),
};

function productFolders() {
  const { include } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8'));
  return include.filter((folder) => !NOT_THE_PRODUCT.includes(folder));
}

/** The imports of each file, among the product's own. */
function importsOf(folders) {
  const depcruise = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [depcruise, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders];
  const { modules } = JSON.parse(
    execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 30 }),
  );
  const isOurs = (file) => folders.includes(file.split('/', 1)[0]);
  return modules
    .filter(({ source }) => isOurs(source))
    .map(({ source, dependencies }) => [source, dependencies.map(({ resolved }) => resolved).filter(isOurs)]);
}

/** Names of folders, each with the folders that it imports. */
function collapse(imports, folderOf) {
  const graph = new Map();
  for (const [source, targets] of imports) {
    const from = folderOf(source);
    if (from === undefined) continue;
    const known = graph.get(from) ?? new Set();
    graph.set(from, known);
    for (const target of targets) {
      const to = folderOf(target);
      if (to !== undefined && to !== from) known.add(to);
    }
  }
  return graph;
}

function reaches(graph, from, to) {
  const seen = new Set([from]);
  for (const at of seen) for (const next of graph.get(at) ?? []) seen.add(next);
  return seen.has(to);
}

/** Leaves out each arrow that follows from the others; circles are drawn whole. */
function reduce(graph) {
  for (const [from, targets] of [...graph].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const to of [...targets]) {
      if (reaches(graph, to, from)) continue;
      targets.delete(to);
      if (!reaches(graph, from, to)) targets.add(to);
    }
  }
}

function draw(graph) {
  reduce(graph);
  const arrows = [...graph].flatMap(([from, targets]) => [...targets].map((to) => `  ${from} --> ${to}`));
  return ['```mermaid', 'flowchart TD', ...arrows.sort(), '```'].join('\n');
}

const imports = importsOf(productFolders());
let page = readFileSync(PAGE, 'utf8');
for (const [name, folderOf] of Object.entries(DRAWINGS)) {
  const [start, end] = [`<!-- imports of the ${name} -->`, `<!-- end of the imports of the ${name} -->`];
  const [before, rest] = page.split(start);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`docs/ARCHITECTURE.md has no place for the drawing: ${start} … ${end}`);
  page = `${before}${start}\n\n${draw(collapse(imports, folderOf))}\n\n${end}${after}`;
}
writeFileSync(PAGE, page);
