import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import type { Problem } from './configuration-error.js';
import { nearest } from './nearest.js';
import { isRepeatable, settingValue, shownTexts } from './setting-value.js';
import type { Setting, Settings } from './settings.js';

/** Names a file whose text is the value, as secrets are given to containers. */
const FILE_SUFFIX = '_FILE';
const FILE_LIMIT = 1_048_576;

/** Variables that are no option's. */
export const OTHER_VARIABLES: readonly { readonly name: string; readonly description: string }[] = [
  { name: 'MILLRACE_CONFIG', description: 'the settings file; `--config` overrides it' },
  { name: 'MILLRACE_SECRET_KEY', description: 'the key that encrypts the secrets of channels on Kafka' },
  { name: 'MILLRACE_DEBUG', description: '`1`: a failure prints the stack traces of the error and its causes' },
];

/** What Kubernetes sets for a service of the name. */
const SERVICE_LINK = /_SERVICE_(HOST|PORT)|_PORT(_\d+_\w+)?$/;

/** A value that was found for a setting. */
export interface Found {
  readonly value: unknown;
  /** As they may be shown. */
  readonly texts: readonly string[];
  readonly place: string;
}

/** What the environment says of a setting; undefined when nothing. A variable that is empty says nothing. */
export function fromEnvironment(
  setting: Setting,
  environment: NodeJS.ProcessEnv,
  problems: Problem[],
): Found | undefined {
  const set = setting.variables
    .flatMap((name) => [name, `${name}${FILE_SUFFIX}`])
    .filter((name) => (environment[name] ?? '') !== '');
  const [variable, second] = set;
  if (variable === undefined) return undefined;
  if (second !== undefined) {
    problems.push({ place: second, message: `${variable} sets the same; leave one out` });
    return undefined;
  }
  let text = environment[variable] ?? '';
  if (!setting.variables.includes(variable)) {
    try {
      text = textOfFile(text);
    } catch (error) {
      problems.push({ place: variable, message: (error as Error).message });
      return undefined;
    }
  }
  const texts = textsOf(setting, text);
  const shown = shownTexts(setting, texts);
  try {
    return { value: settingValue(setting, texts), texts: shown, place: variable };
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    problems.push({ place: variable, message: `${shown.join(', ')} cannot be used: ${error.message}` });
    return undefined;
  }
}

function textOfFile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`the file ${path} cannot be read: ${(error as Error).message}`);
  }
  if (text.length > FILE_LIMIT) throw new Error(`the file ${path} is larger than 1 MiB; it must hold one value`);
  return text.replace(/\r?\n$/, '');
}

/** Several values stand in a line each, or in a list in JSON. */
function textsOf(setting: Setting, text: string): string[] {
  if (!isRepeatable(setting)) return [text];
  if (/^\s*\[/.test(text)) {
    try {
      const list: unknown = JSON.parse(text);
      if (Array.isArray(list) && list.every((each) => typeof each === 'string')) return list;
    } catch {
      // Then it is a value that begins so.
    }
  }
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}

/** Those with the program's prefix. */
export function variablesOfProgram(environment: NodeJS.ProcessEnv): string[] {
  return Object.keys(environment).filter((name) => name.startsWith('MILLRACE_'));
}

/** Variables with the program's prefix that nothing reads. */
export function unknownVariables(settings: Settings, environment: NodeJS.ProcessEnv): Problem[] {
  const known = knownVariables(settings);
  return unread(known, environment).map((name) => {
    const meant = nearest(name, known);
    return { place: name, message: `nothing reads it${meant === undefined ? '' : `; did you mean ${meant}?`}` };
  });
}

/** Those of them that probably mean one that is read; others are somebody else's. */
export function misspeltVariables(settings: Settings, environment: NodeJS.ProcessEnv): Problem[] {
  const known = knownVariables(settings);
  return unread(known, environment).flatMap((name) => {
    const meant = nearest(name, known, 2);
    return meant === undefined ? [] : [{ place: name, message: `nothing reads it; did you mean ${meant}?` }];
  });
}

function knownVariables(settings: Settings): string[] {
  return [...settings.variables(), ...OTHER_VARIABLES.map(({ name }) => name)];
}

function unread(known: readonly string[], environment: NodeJS.ProcessEnv): string[] {
  const withoutFile = ['MILLRACE_CONFIG', 'MILLRACE_DEBUG'];
  const all = new Set(known.flatMap((name) => (withoutFile.includes(name) ? [name] : [name, `${name}${FILE_SUFFIX}`])));
  return variablesOfProgram(environment).filter((name) => !all.has(name) && !SERVICE_LINK.test(name));
}
