import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { ConfigFile } from './config-file.js';
import { ConfigurationError, type Problem } from './configuration-error.js';
import { type Found, fromEnvironment } from './environment.js';
import { isSwitch, shownTexts } from './setting-value.js';
import type { CommandSettings, Setting, Settings } from './settings.js';

/** Read where it is there and no other is named. */
export const USUAL_FILE = 'millrace.yaml';

/** The value that a command runs with. */
export interface EffectiveValue {
  readonly name: string;
  /** What may be shown of it. */
  readonly text: string;
  /** A place in a file, a variable, `flag` or `default`. */
  readonly from: string;
}

/** The file that is read, if any: `--config`, MILLRACE_CONFIG, or ./millrace.yaml. */
export function configFileOf(given: string | undefined, environment: NodeJS.ProcessEnv): string | undefined {
  const named = given ?? environment['MILLRACE_CONFIG'];
  if (named !== undefined && named !== '') return named;
  return existsSync(USUAL_FILE) ? USUAL_FILE : undefined;
}

/**
 * Gives a command, whose flags have been parsed, what the environment and the file say of the options that have no flag.
 *
 * @returns the values, with where each is from
 * @throws ConfigurationError with all that is wrong
 */
export async function configure(
  command: Command,
  settings: Settings,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<readonly EffectiveValue[]> {
  const own = settings.of(command);
  if (own === undefined) return [];
  const problems: Problem[] = [];
  const { config } = command.opts<{ readonly config?: string }>();
  const file = await readFile(configFileOf(config, environment), settings);
  problems.push(...(file?.problems ?? []));
  const values = [...own.shared, ...own.own].map((setting) => {
    const isFlag = command.getOptionValueSource(setting.attribute) === 'cli';
    const byVariable = fromEnvironment(setting, environment, problems);
    const byFile = file === undefined ? undefined : inFile(file, own, setting);
    return isFlag ? ofFlag(command, setting) : setValue(command, setting, byVariable, byFile);
  });
  if (problems.length > 0) throw new ConfigurationError(problems);
  return values;
}

/** Not loaded where there is none. */
async function readFile(path: string | undefined, settings: Settings): Promise<ConfigFile | undefined> {
  if (path === undefined) return undefined;
  const { readConfigFile } = await import('./config-file.js');
  return readConfigFile(path, settings);
}

/** What a file says of a command goes before what it says of all. */
function inFile(file: ConfigFile, { path, shared }: CommandSettings, setting: Setting): Found | undefined {
  const own = file.commands.get(path)?.get(setting.name);
  if (own !== undefined || !shared.includes(setting)) return own;
  const found = file.shared.get(setting.name);
  // `lake: true` is for the command that may store, and says nothing of where it is.
  return typeof found?.value === 'boolean' && setting.negative === undefined && !isSwitch(setting) ? undefined : found;
}

function setValue(
  command: Command,
  setting: Setting,
  byVariable: Found | undefined,
  byFile: Found | undefined,
): EffectiveValue {
  const { attribute, name } = setting;
  const found = byVariable ?? byFile;
  if (found === undefined) {
    const { defaultValue } = setting.option ?? {};
    // Commander takes a variable that is empty for a value.
    if (command.getOptionValueSource(attribute) === 'env') {
      command.setOptionValueWithSource(attribute, defaultValue, 'default');
    }
    return { name, text: defaultText(setting), from: 'default' };
  }
  command.setOptionValueWithSource(attribute, found.value, found === byVariable ? 'env' : 'config');
  return { name, text: found.texts.join(', '), from: found.place };
}

function ofFlag(command: Command, setting: Setting): EffectiveValue {
  const { attribute, name } = setting;
  const texts = textsOfFlag(command, setting) ?? [textOf(command.getOptionValue(attribute))];
  return { name, text: shownTexts(setting, texts).join(', '), from: 'flag' };
}

/** As they were written; undefined where they cannot be told. */
function textsOfFlag(command: Command, { option }: Setting): string[] | undefined {
  let root = command;
  while (root.parent !== null) root = root.parent;
  const { long, required } = option ?? {};
  if (long === undefined || required !== true) return undefined;
  const { rawArgs } = root as Command & { readonly rawArgs: readonly string[] };
  const texts = rawArgs.flatMap((word, index) => {
    if (word.startsWith(`${long}=`)) return [word.slice(long.length + 1)];
    return word === long ? rawArgs.slice(index + 1, index + 2) : [];
  });
  return option?.variadic === true ? undefined : texts;
}

/** As the help shows it. */
export function defaultText({ negative, option }: Setting): string {
  if (option?.defaultValue !== undefined) return option.defaultValueDescription ?? textOf(option.defaultValue);
  if (option === undefined) return negative === undefined ? '' : 'true';
  return option.isBoolean() ? 'false' : '';
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
