import type { Command } from 'commander';
import type { ConfigFile } from '../configuration/config-file.js';
import { configFileOf, configure, type EffectiveValue, USUAL_FILE } from '../configuration/configuration.js';
import { ConfigurationError, type Problem } from '../configuration/configuration-error.js';
import { fromEnvironment, unknownVariables } from '../configuration/environment.js';
import { isReloadable, type MakeProgram } from '../configuration/reload.js';
import type { Settings } from '../configuration/settings.js';
import { UsageError } from '../options/usage-error.js';
import { print, say } from '../terminal/output.js';
import { SafeText, safe } from '../terminal/safe-text.js';
import { printTable } from '../terminal/table.js';

/** @param makeProgram the program that is asked what it would run with */
export function configCommand(program: Command, makeProgram: MakeProgram): Command {
  const config = program.command('config').description('check and show the settings from the file and the environment');
  config
    .command('check')
    .description('print everything that is wrong in the file and the environment; exit code 2 if anything is')
    .argument('[file]', 'the file to check (default: MILLRACE_CONFIG, or ./millrace.yaml)')
    .action(async (file?: string) => check(file, (await makeProgram()).settings));
  config
    .command('show')
    .description('print the values with which a command would run, and the source of each; secrets are masked')
    .argument('[command...]', 'a command such as start, serve or lake write, with its flags', ['start'])
    .option('--json', 'print one line of JSON per value')
    .option('--changed', 'leave out values that are the default')
    // Those are the other command's.
    .allowUnknownOption()
    .action(async (words: readonly string[], options: ShowOptions) => show(words, options, await makeProgram()));
  return config;
}

async function check(given: string | undefined, settings: Settings): Promise<void> {
  const path = configFileOf(given, process.env);
  const problems: Problem[] = [];
  let file: ConfigFile | undefined;
  if (path !== undefined) {
    const { readConfigFile } = await import('../configuration/config-file.js');
    file = readConfigFile(path, settings);
    problems.push(...file.problems);
  }
  const all = [...settings.shared.values(), ...settings.commands.flatMap(({ own }) => own)];
  for (const setting of all) fromEnvironment(setting, process.env, problems);
  for (const { message, place } of unknownVariables(settings, process.env)) say(safe`warning: ${place}: ${message}`);
  if (problems.length > 0) throw new ConfigurationError(problems);
  print(path === undefined ? safe`there is no ${USUAL_FILE}; the environment is in order` : safe`${path} is in order`);
  if (file !== undefined) sayWhatIsTakenOver(file, settings);
}

/** Of the settings of `start` in the file: which count at once when they change while it runs. */
function sayWhatIsTakenOver({ commands, shared }: ConfigFile, settings: Settings): void {
  const start = settings.commands.find(({ path }) => path === 'start');
  if (start === undefined) return;
  const given = new Set([...shared.keys(), ...(commands.get('start')?.keys() ?? [])]);
  const named = [...start.shared, ...start.own].filter(({ name }) => given.has(name));
  const of = (isOf: boolean) => named.filter(({ option }) => isReloadable(option) === isOf).map(({ name }) => name);
  const [taken, others] = [of(true), of(false)];
  if (taken.length > 0) print(safe`a running start takes over changes of: ${taken.join(', ')}`);
  if (others.length > 0) print(safe`changes of these need a restart: ${others.join(', ')}`);
}

interface ShowOptions {
  readonly json?: boolean;
  readonly changed?: boolean;
}

async function show(
  words: readonly string[],
  { changed, json }: ShowOptions,
  { program, settings }: Awaited<ReturnType<MakeProgram>>,
): Promise<void> {
  let values: readonly EffectiveValue[] | undefined;
  for (const { command } of settings.commands) {
    // Nothing is run, nor required but the options that are asked for.
    command.action(async () => {
      values = await configure(command, settings);
    });
    for (const argument of command.registeredArguments) argument.argOptional();
  }
  await program.parseAsync(words, { from: 'user' });
  if (values === undefined) throw new UsageError(`${words.join(' ')} has no settings; name a command such as start`);
  const shown = values.filter(({ from }) => !changed || from !== 'default');
  if (json) for (const value of shown) print(SafeText.json(value));
  else
    printTable(
      ['setting', 'value', 'from'],
      shown.map(({ from, name, text }) => [name, text, from]),
    );
}
