import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defaultCacheDirectory } from '../../stack/downloads.js';

/**
 * A program of the PATH, or built by Go once and kept in the cache.
 *
 * @param module the package of the program and its version, such as `helm.sh/helm/v3/cmd/helm@v3.22.0`
 * @throws an error that says why it cannot be had
 */
export function goProgram(name: string, module: string): string {
  if (spawnSync(name, ['--help'], { stdio: 'ignore' }).error === undefined) return name;
  const directory = join(defaultCacheDirectory(), `${name}-${module.slice(module.lastIndexOf('@v') + 2)}`);
  const program = join(directory, name);
  if (!existsSync(program)) go(['install', module], { GOBIN: directory });
  return program;
}

/** @returns what it prints. @throws an error that says why it failed */
export function go(args: readonly string[], environment: NodeJS.ProcessEnv = {}): string {
  const { error, status, stderr, stdout } = spawnSync('go', args, {
    ...{ encoding: 'utf8', env: { ...process.env, GOFLAGS: '-mod=mod', ...environment } },
  });
  if (error !== undefined) throw new Error(`there is no Go: ${error.message}`);
  if (status !== 0) throw new Error(`go ${args.join(' ')} says: ${stderr.trim().split('\n').at(-1)}`);
  return stdout;
}
