import { InvalidArgumentError } from 'commander';
import { RepeatableOption } from '../options/repeatable-option.js';
import type { Setting } from './settings.js';

const TRUE = ['true', 'yes', 'on', '1'];
const FALSE = ['false', 'no', 'off', '0'];

/** Whether it is a flag without a value. */
export function isSwitch({ option }: Setting): boolean {
  return option === undefined || option.isBoolean();
}

/** Whether several values may be given, each of which counts. */
export function isRepeatable({ option }: Setting): boolean {
  return option !== undefined && (option.variadic || option instanceof RepeatableOption);
}

/**
 * The value that a command gets when its flag is given these texts.
 *
 * @throws InvalidArgumentError with what is allowed
 */
export function settingValue(setting: Setting, texts: readonly string[]): unknown {
  const { negative, option } = setting;
  const [only] = texts.length === 1 ? texts : [];
  if (option === undefined || isSwitch(setting)) {
    if (only !== undefined && TRUE.includes(only.toLowerCase())) return true;
    if (only !== undefined && FALSE.includes(only.toLowerCase())) return false;
    throw new InvalidArgumentError('It must be true or false.');
  }
  if (only === 'false' && negative !== undefined) return false;
  if (only === 'false' && option.optional) return option.defaultValue;
  if (only === 'true' && option.optional) return option.presetArg ?? true;
  if (texts.length === 0) throw new InvalidArgumentError('It has no value.');
  const { parseArg } = option;
  if (!isRepeatable(setting)) {
    const text = texts.join(',');
    return parseArg === undefined ? text : parseArg(text, undefined);
  }
  if (parseArg === undefined) return texts;
  return texts.reduce<unknown>((previous, text) => parseArg(text, previous), undefined);
}

/** What of its texts may be shown: a password, a token, and what stands behind the host of a webhook's URL may not. */
export function shownTexts({ name }: Pick<Setting, 'name'>, texts: readonly string[]): string[] {
  return texts.map((text) => shown(name, text));
}

const SECRET_NAME = /password|passwd|secret|token|credential|jaas|private|[._-]key$|key[._-]pem/i;
const HIDDEN = '…';

function shown(name: string, text: string): string {
  if (SECRET_NAME.test(name)) return HIDDEN;
  if (name === 'header') return text.replace(/:.*$/s, `: ${HIDDEN}`);
  // One that is malformed does not say which part of it is the secret.
  if (name === 'kafka-setting' && !text.includes('=')) return HIDDEN;
  if (name === 'webhook') return text.replace(/^(\w+:\/\/)(?:[^/@]*@)?([^/?#]*).+$/s, `$1$2/${HIDDEN}`);
  const [, key, value] = /^([\w.-]+)=(.*)$/s.exec(text) ?? [];
  if (key !== undefined && value !== undefined && SECRET_NAME.test(key)) return `${key}=${HIDDEN}`;
  return text.replace(/\/\/[^/@\s]*@/g, `//${HIDDEN}@`);
}
