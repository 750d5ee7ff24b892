import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { StackError } from '../../stack/stack-error.js';
import { DEFAULT_GOAL_CONFIG, type GoalConfig } from '../../topology/goals/goal-config.js';
import type { Start, Workplace } from './peer.js';

const JAVA_RELEASE = '17';
const SHOWN_LINES = 5;
const SCHEMAS = fileURLToPath(new URL('../../schemas/', import.meta.url));
const RECORDS = fileURLToPath(new URL('./records/', import.meta.url));

const run = promisify(execFile);

/**
 * Compiles a peer's Java sources, with those of the records that all Java peers share.
 *
 * @returns the directory of the classes
 * @throws StackError
 */
export async function compileJava(
  sources: URL,
  libraries: string,
  { directory }: Workplace,
  name: string,
): Promise<string> {
  const classes = join(directory, `${name}-classes`);
  await mkdir(classes);
  const files = [...(await javaFiles(RECORDS)), ...(await javaFiles(fileURLToPath(sources)))];
  const compile = ['--release', JAVA_RELEASE, '-proc:none', '-nowarn', '-cp', join(libraries, '*'), '-d', classes];
  await run('javac', [...compile, ...files]).catch((cause: NodeJS.ErrnoException & { stderr?: string }) => {
    if (cause.code === 'ENOENT') {
      throw new StackError(
        'PROGRAM_MISSING',
        `"javac" is needed, and is not on the PATH: install a JDK of version ${JAVA_RELEASE} or newer`,
        { cause },
      );
    }
    const said = (cause.stderr ?? '').trim().split('\n').slice(0, SHOWN_LINES).join('\n');
    throw new StackError('DOWNLOAD_FAILED', `${name} cannot be compiled: ${said}`, { cause });
  });
  return classes;
}

async function javaFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true });
  return names.filter((name) => name.endsWith('.java')).map((name) => join(directory, name));
}

/** What every program that is not Millrace is told, as `name=value` arguments. */
export function goalArguments(
  { brokers, schemaIds }: Workplace,
  { application, directory }: Start,
  goals: GoalConfig['goals'],
  others: Readonly<Record<string, string | number>>,
): string[] {
  const { topics } = DEFAULT_GOAL_CONFIG;
  const ofGoals = goals.flatMap((goal) => [
    [`output${goal}`, topics[`goal${goal}`]],
    [`schema${goal}`, join(SCHEMAS, `goal${goal}.avsc`)],
    [`schemaId${goal}`, schemaIds[goal]],
  ]);
  const all = [
    ['application', application],
    ['brokers', brokers],
    ['directory', directory],
    ['input', topics.accessLog],
    ['schema', join(SCHEMAS, 'access-log.avsc')],
    ['readerSchema', join(RECORDS, 'request.avsc')],
    ['goals', goals.join(',')],
    ...ofGoals,
    ...Object.entries(others),
  ];
  return all.map(([name, value]) => `${name}=${value}`);
}
