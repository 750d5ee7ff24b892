import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));

export interface CompiledLog {
  /** The script gets `streams/…` to import from, as `./streams/…js`. */
  start(script: string, ...args: readonly string[]): Child;
  /** As `start`, in a shell that ran the given command first. */
  startAfter(shellCommand: string, script: string, ...args: readonly string[]): Child;
  remove(): Promise<void>;
}

export interface Child {
  readonly process: ChildProcess;
  /** Lines of standard output so far. */
  readonly lines: string[];
  readonly errors: () => string;
  /** Resolves to the line when there is one that begins so. @throws when the child ends without it */
  line(start: string): Promise<string>;
  exited(): Promise<void>;
}

/** The engine in JavaScript, for tests that need it in a process that they can kill. */
export async function compileLog(): Promise<CompiledLog> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-child-'));
  const folder = 'streams';
  for (const file of await readdir(join(ROOT, folder), { recursive: true })) {
    if (!file.endsWith('.ts') || /^(dist|node_modules)\b/.test(file)) continue;
    const source = await readFile(join(ROOT, folder, file), 'utf8');
    const target = join(directory, folder, file.replace(/\.ts$/, '.js'));
    const { ES2023: targetVersion } = ts.ScriptTarget;
    const compilerOptions = { target: targetVersion, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, ts.transpileModule(source, { compilerOptions }).outputText);
  }
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'), 'junction');
  const children: ChildProcess[] = [];
  const follow = (process: ChildProcess): Child => {
    children.push(process);
    return followChild(process);
  };
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const nodeArguments = (script: string) => ['--input-type=module', '--eval', script];
  return {
    start: (script, ...args) =>
      follow(spawn(process.execPath, [...nodeArguments(script), ...args], { cwd: directory, stdio: [...stdio] })),
    startAfter: (command, script, ...args) =>
      follow(
        spawn('sh', ['-c', `${command}; exec "$@"`, 'sh', process.execPath, ...nodeArguments(script), ...args], {
          cwd: directory,
          stdio: [...stdio],
        }),
      ),
    remove: async () => {
      for (const child of children) child.kill('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function followChild(process: ChildProcess): Child {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const check of waiting) check();
  };
  let errors = '';
  let ended = false;
  process.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  if (process.stdout !== null) {
    createInterface({ input: process.stdout }).on('line', (line) => {
      lines.push(line);
      wake();
    });
  }
  const closed = once(process, 'close').then(() => {
    ended = true;
    wake();
  });
  return {
    process,
    lines,
    errors: () => errors,
    line: (start) =>
      new Promise((resolve, reject) => {
        const check = () => {
          const found = lines.find((line) => line.startsWith(start));
          if (found === undefined && !ended) return;
          waiting.delete(check);
          if (found === undefined) reject(new Error(`the child ended without "${start}": ${errors}`));
          else resolve(found);
        };
        waiting.add(check);
        check();
      }),
    exited: () => closed,
  };
}
