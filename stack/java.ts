import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { StackError } from './stack-error.js';

const MIN_JAVA = 17;

/**
 * Of a service that is up for minutes: the first compiler is enough, and half the processor time of a start is the
 * second one's.
 */
export const FIRST_COMPILER = '-XX:TieredStopAtLevel=1';

const run = promisify(execFile);

/** The arguments that run a class of the jars in a directory. */
export function javaArgs(
  libraries: string,
  className: string,
  args: readonly string[],
  options: readonly string[] = [],
): string[] {
  return [...options, '-cp', `${libraries}/*`, className, ...args];
}

/** What "java" on the PATH says of itself. @returns undefined when there is none */
export function javaVersion(): Promise<string | undefined> {
  return run('java', ['-version']).then(
    // Without what the environment adds.
    ({ stderr }) => stderr.replaceAll(/^(NOTE: )?Picked up .*\n/gm, ''),
    () => undefined,
  );
}

/** @throws StackError PROGRAM_MISSING when there is no Java, or one that is too old */
export async function requireJava(): Promise<void> {
  const text = await javaVersion();
  if (text === undefined) {
    throw new StackError('PROGRAM_MISSING', `Java ${MIN_JAVA} or newer is needed, and there is no "java" on the PATH`);
  }
  const version = /version "(?:1\.)?(\d+)[^"]*"/.exec(text);
  if (version !== null && Number(version[1]) < MIN_JAVA) {
    throw new StackError(
      'PROGRAM_MISSING',
      `Java ${MIN_JAVA} or newer is needed; the "java" on the PATH is ${version[0].replace('version ', '')}`,
    );
  }
}
