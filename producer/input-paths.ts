import { existsSync, readdirSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { globSync, isDynamicPattern } from 'tinyglobby';
import { ProducerError } from './producer-error.js';

/**
 * The files that are meant by what is named: a file itself, the files of a directory, or those that a pattern such as
 * `logs/**\/*.log` fits, by their names. Directories in a directory are left out, and so is what begins with a dot. A
 * file that is there is no pattern, whatever its name.
 *
 * @throws ProducerError where there is no such file
 */
export function inputPaths(names: readonly string[]): string[] {
  return [...new Set(names.flatMap(pathsOf))];
}

/**
 * The files that a name means now; none where it is a directory or a pattern that has none, or nothing is there yet.
 *
 * @throws the error of reading a directory
 */
export function pathsNow(name: string): readonly string[] {
  const { kind, paths } = meant(name);
  return kind === 'file' && !existsSync(name) ? [] : paths;
}

function pathsOf(name: string): readonly string[] {
  const { kind, paths } = meant(name);
  if (paths.length > 0) return paths;
  const nothing = kind === 'directory' ? `there is no file in the directory ${name}` : `no file is named like ${name}`;
  throw new ProducerError('INPUT_MISSING', nothing);
}

function meant(name: string): { readonly kind: 'file' | 'directory' | 'pattern'; readonly paths: readonly string[] } {
  if (statSync(name, { throwIfNoEntry: false })?.isDirectory() === true) {
    return { kind: 'directory', paths: filesIn(name).toSorted() };
  }
  if (existsSync(name) || !isDynamicPattern(name)) return { kind: 'file', paths: [name] };
  const paths = globSync(name, { absolute: isAbsolute(name), expandDirectories: false });
  return { kind: 'pattern', paths: paths.toSorted() };
}

function filesIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(directory, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
}
