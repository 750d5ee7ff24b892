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

function pathsOf(name: string): readonly string[] {
  if (statSync(name, { throwIfNoEntry: false })?.isDirectory() === true) {
    return some(filesIn(name), `there is no file in the directory ${name}`);
  }
  if (existsSync(name) || !isDynamicPattern(name)) return [name];
  return some(
    globSync(name, { absolute: isAbsolute(name), expandDirectories: false }),
    `no file is named like ${name}`,
  );
}

function filesIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(directory, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
}

function some(paths: readonly string[], nothing: string): readonly string[] {
  if (paths.length === 0) throw new ProducerError('INPUT_MISSING', nothing);
  return paths.toSorted();
}
