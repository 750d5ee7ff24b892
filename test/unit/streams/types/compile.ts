import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../../../..');

/**
 * Type-checks statements as they would stand in a program, each in a block of its own behind the same beginning, by the
 * project's own settings. Answers what the compiler says of each; nothing where it takes it.
 */
export function compile(beginning: string, statements: readonly string[]): string[][] {
  const path = join(import.meta.dirname, 'program.ts');
  const head = beginning.split('\n');
  const blocks = statements.map((statement) => statement.split('\n'));
  const text = [...head, ...blocks.flatMap((lines) => ['{', ...lines, '}'])].join('\n');
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [path] }, ts.sys, ROOT);
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (name) => name === path || fileExists(name);
  host.getSourceFile = (name, ...rest) =>
    name === path ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2023) : getSourceFile(name, ...rest);
  const program = ts.createProgram([path], options, host);
  const file = program.getSourceFile(path);
  const said: string[][] = statements.map(() => []);
  const ends: number[] = [];
  for (const lines of blocks) ends.push((ends.at(-1) ?? head.length) + lines.length + 2);
  for (const { messageText, start = 0 } of [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ]) {
    const { line } = ts.getLineAndCharacterOfPosition(file as ts.SourceFile, start);
    const message = ts.flattenDiagnosticMessageText(messageText, '\n');
    if (line < head.length) throw new Error(`the beginning does not compile: line ${line + 1}: ${message}`);
    said[ends.findIndex((end) => line < end)]?.push(message);
  }
  return said;
}
