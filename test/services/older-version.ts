import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultCacheDirectory } from '../../stack/downloads.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CLIENT = 'node_modules/@confluentinc/kafka-javascript/build';

/**
 * Millrace as it was at a commit of this repository, built once and kept beside the services' downloads.
 *
 * @returns its program, or the reason why it cannot be had, which is printed
 */
export function olderVersion(commit: string): { readonly program: string } | { readonly missing: string } {
  const directory = join(defaultCacheDirectory(), `millrace-${commit}`);
  try {
    if (!existsSync(directory)) build(commit, directory);
    return { program: join(directory, 'program.mjs') };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.warn(`skipped, for the version of ${commit} cannot be had here: ${error.message}`);
    return { missing: error.message };
  }
}

function build(commit: string, directory: string): void {
  mkdirSync(defaultCacheDirectory(), { recursive: true });
  const partial = mkdtempSync(`${directory}.partial-`);
  try {
    const archive = run('git', ['archive', '--format=tar', commit], ROOT);
    run('tar', ['--extract', '--file=-'], partial, archive);
    run('npm', ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund'], partial);
    // It loads the client of Kafka at its start, whatever it runs on.
    cpSync(join(ROOT, CLIENT), join(partial, CLIENT), { recursive: true });
    // All is installed: it is only to be built.
    const hash = createHash('sha256')
      .update(readFileSync(join(partial, 'package-lock.json')))
      .update(process.version);
    writeFileSync(join(partial, 'node_modules/.millrace-setup'), hash.digest('hex'));
    run(process.execPath, ['bin/setup.mjs', 'true'], partial);
    writeFileSync(
      join(partial, 'program.mjs'),
      "const { main } = await import('./dist/cli/main.js');\nprocess.exitCode = await main(process.argv.slice(2));\n",
    );
    renameSync(partial, directory);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
}

function run(program: string, args: readonly string[], cwd: string, input?: Buffer): Buffer {
  const { error, status, stderr, stdout } = spawnSync(program, args, { cwd, input, maxBuffer: 1024 * 1024 * 1024 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args[0]}: ${stderr.toString().trim().split('\n').at(-1)}`);
  return stdout;
}
