import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { pages, programsOf, ROOT } from './programs.js';

function compilerOptions(): ts.CompilerOptions {
  const { config, error } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'));
  return ts.parseJsonConfigFileContent(config, ts.sys, ROOT).options;
}

/** What the compiler says about programs that are in no file: `<file>:<line>: <message>`. */
function complaints(programs: ReadonlyMap<string, string>): string[] {
  const host = ts.createCompilerHost(compilerOptions());
  const { fileExists, readFile } = host;
  host.fileExists = (path) => programs.has(path) || fileExists(path);
  host.readFile = (path) => programs.get(path) ?? readFile(path);
  const program = ts.createProgram([...programs.keys()], compilerOptions(), host);
  return [...programs.keys()]
    .flatMap((path) => ts.getPreEmitDiagnostics(program, program.getSourceFile(path)))
    .map(({ file, messageText, start = 0 }) => {
      const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
      return `${file?.fileName.slice(ROOT.length)}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
}

it('every program of the documentation compiles in strict mode', () => {
  const programs = pages().flatMap(programsOf);
  const files = programs.map(({ page, text }, i) => [join(ROOT, `${page}.${i}.ts`), text] as const);
  expect(programs.length).toBeGreaterThanOrEqual(10);
  expect(complaints(new Map(files))).toEqual([]);
});

it('a program that does not compile is found, with its page and line', () => {
  const text = "import { stringSerde } from '@millrace/streams';\nstringSerde.serialize('topic', 1);\n";
  const [complaint] = complaints(new Map([[join(ROOT, 'docs/wrong.md.0.ts'), text]]));
  expect(complaint).toBe(
    "docs/wrong.md.0.ts:2: Argument of type 'number' is not assignable to parameter of type 'string'.",
  );
});

it('programs import the package by its name', () => {
  const imported = pages()
    .flatMap(programsOf)
    .flatMap(({ text }) => [...text.matchAll(/from '([^']+)'/g)].map(([, name = '']) => name));
  const packages = imported.filter((name) => !/^(@millrace\/streams(\/\w+)?|vitest|node:.*)$/.test(name));
  expect(packages).toEqual([]);
});
