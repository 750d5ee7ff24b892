import { spawnSync } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { pages, programsOf, ROOT } from '../unit/docs/programs.js';
import { temporaryDirectory } from './millrace.js';

const WITH_OUTPUT = pages()
  .flatMap(programsOf)
  .filter(({ prints }) => prints !== undefined);

describe('programs of the documentation that say what they print', () => {
  it.each(WITH_OUTPUT)('the one of $page prints that', async ({ prints, text }) => {
    const { path, remove } = await temporaryDirectory();
    const module = ts.ModuleKind.ESNext;
    const target = ts.ScriptTarget.ES2022;
    await writeFile(
      join(path, 'program.mjs'),
      ts.transpileModule(text, { compilerOptions: { module, target } }).outputText,
    );
    await symlink(join(ROOT, 'node_modules'), join(path, 'node_modules'));
    const { status, stderr, stdout } = spawnSync(process.execPath, ['program.mjs'], { cwd: path, encoding: 'utf8' });
    await remove();
    expect(status, stderr).toBe(0);
    expect(stdout).toBe(prints);
  });
});

it('the first page of the package has a program of fewer than 25 lines that runs', () => {
  const program = WITH_OUTPUT.find(({ page }) => page === 'streams/README.md');
  expect(program?.text.trimEnd().split('\n').length).toBeLessThan(25);
});
