import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { isMap, isNode, isScalar, LineCounter, type ParsedNode, parseDocument, type YAMLMap } from 'yaml';
import { z } from 'zod';
import type { Problem } from './configuration-error.js';
import type { Found } from './environment.js';
import { nearest } from './nearest.js';
import { settingValue, shownTexts } from './setting-value.js';
import type { Setting, Settings } from './settings.js';

const COMMANDS = 'commands';

/** The settings of a file. */
export interface ConfigFile {
  readonly shared: ReadonlyMap<string, Found>;
  /** By the path of the command. */
  readonly commands: ReadonlyMap<string, ReadonlyMap<string, Found>>;
  readonly problems: readonly Problem[];
}

/** Reads a file of settings, and says all that is wrong in it. */
export function readConfigFile(path: string, settings: Settings): ConfigFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return nothing([{ place: path, message: `it cannot be read: ${(error as Error).message}` }]);
  }
  return parseConfig(text, path, settings);
}

/** @param name of the file, for the places of what is wrong */
export function parseConfig(text: string, name: string, settings: Settings): ConfigFile {
  const lines = new LineCounter();
  // Texts stay as they are written: `0123` and `1e3` are read as the flag would be, and `no` is a text.
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => {
    const { col, line } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    return nothing(document.errors.map(({ message, pos }) => ({ place: at(pos[0]), message: `no YAML: ${message}` })));
  }
  const root: ParsedNode | null = document.contents;
  if (root === null || (isScalar(root) && root.value === '')) return nothing([]);
  let content: unknown;
  try {
    content = document.toJS();
  } catch (error) {
    return nothing([{ place: at(0), message: (error as Error).message }]);
  }
  const placeOf = (keys: readonly PropertyKey[]) => at(offsetOf(root, keys, false));
  const { data, error } = schemaOf(settings, placeOf).safeParse(content);
  if (data !== undefined) {
    const { [COMMANDS]: commands = {}, ...shared } = data as ParsedFile;
    return {
      shared: foundIn(shared as Readonly<Record<string, Found>>),
      commands: new Map(Object.entries(commands).map(([path, own]) => [path, foundIn(own)])),
      problems: [],
    };
  }
  const problems = (error?.issues ?? []).flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') {
      return [{ offset: offsetOf(root, issue.path, false), message: issue.message }];
    }
    return issue.keys.map((key) => ({
      offset: offsetOf(root, [...issue.path, key], true),
      message: unknownName(settings, issue.path, key),
    }));
  });
  // In the order of the file.
  problems.sort((a, b) => a.offset - b.offset);
  return nothing(problems.map(({ message, offset }) => ({ place: at(offset), message })));
}

interface ParsedFile {
  readonly [COMMANDS]?: Readonly<Record<string, Readonly<Record<string, Found>>>>;
  readonly [name: string]: unknown;
}

function nothing(problems: readonly Problem[]): ConfigFile {
  return { shared: new Map(), commands: new Map(), problems };
}

function foundIn(values: Readonly<Record<string, Found | undefined>>): Map<string, Found> {
  return new Map(Object.entries(values).flatMap(([name, found]) => (found === undefined ? [] : [[name, found]])));
}

type PlaceOf = (keys: readonly PropertyKey[]) => string;

/** The schema of a file. */
function schemaOf(settings: Settings, placeOf: PlaceOf): z.ZodType {
  const values = (all: Iterable<Setting>, path: readonly string[]) =>
    Object.fromEntries(
      [...all].map((setting) => [setting.name, valueSchema(setting, placeOf([...path, setting.name]))]),
    );
  const ofCommands = settings.commands.map(({ own, path, shared }) => {
    return [path, mapping(values([...shared, ...own], [COMMANDS, path])).optional()];
  });
  return mapping({
    ...values(settings.shared.values(), []),
    [COMMANDS]: mapping(Object.fromEntries(ofCommands)).optional(),
  });
}

function mapping(shape: Record<string, z.ZodType>): z.ZodType {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'invalid_type' ? 'It must be names with values, such as grace: 5s.' : undefined),
  });
}

/** A text, a list of them, or names with texts, which are a list of name=text. */
function valueSchema(setting: Setting, place: string): z.ZodType {
  return z
    .unknown()
    .transform((given, context): Found => {
      const refuse = (message: string): never => {
        context.addIssue({ code: 'custom', message });
        return z.NEVER;
      };
      const texts = textsOf(given);
      if (texts === undefined) return refuse(`${setting.name} must be a text, a list, or names with values`);
      if (texts.length === 0) return refuse(`${setting.name} has no value; take it out to have the default`);
      const shown = shownTexts(setting, texts);
      try {
        return { value: settingValue(setting, texts), texts: shown, place };
      } catch (error) {
        if (!(error instanceof InvalidArgumentError)) throw error;
        return refuse(`${setting.name}: ${shown.join(', ')} cannot be used: ${error.message}`);
      }
    })
    .optional();
}

function textsOf(given: unknown): string[] | undefined {
  if (given === null || given === '') return [];
  if (typeof given === 'string') return [given];
  if (Array.isArray(given)) return given.every((each) => typeof each === 'string') ? given : undefined;
  if (typeof given !== 'object') return undefined;
  const entries = Object.entries(given);
  return entries.every(([, value]) => typeof value === 'string') ? entries.map((pair) => pair.join('=')) : undefined;
}

function unknownName(settings: Settings, path: readonly PropertyKey[], name: string): string {
  if (path.length === 1) {
    const meant = nearest(
      name,
      settings.commands.map((command) => command.path),
    );
    return `there is no command ${name}${meant === undefined ? '' : `; did you mean ${meant}?`}`;
  }
  const command = settings.commands.find((each) => each.path === path[1]);
  const names =
    command === undefined
      ? [...settings.shared.keys(), COMMANDS]
      : [...command.shared, ...command.own].map((each) => each.name);
  const positive = name.replace(/^no-/, '');
  if (positive !== name && names.includes(positive)) return `there is no setting ${name}; write ${positive}: false`;
  const kebab = name.replaceAll(/_|(?<=[a-z\d])(?=[A-Z])/g, '-').toLowerCase();
  const meant = names.includes(kebab) ? kebab : nearest(name, names);
  if (meant !== undefined) return `there is no setting ${name}; did you mean ${meant}?`;
  const owners = settings.commands.filter(({ own }) => own.some((each) => each.name === name));
  if (command === undefined && owners.length > 0) {
    return `${name} is of a command alone; write it under commands: ${owners.map((owner) => owner.path).join(', ')}`;
  }
  return `there is no setting ${name}`;
}

/** Where in the text a value stands, or its key; the nearest around it when it has no place of its own. */
function offsetOf(root: ParsedNode, keys: readonly PropertyKey[], isOfKey: boolean): number {
  let node: unknown = root;
  let offset = root.range[0];
  for (const [index, key] of keys.entries()) {
    if (!isMap(node)) break;
    const pair = (node as YAMLMap).items.find((each) => isScalar(each.key) && each.key.value === key);
    if (pair === undefined) break;
    const isLastKey = isOfKey && index === keys.length - 1;
    const next = isLastKey || !isNode(pair.value) || isEmpty(pair.value) ? pair.key : pair.value;
    if (isNode(next)) offset = next.range?.[0] ?? offset;
    node = pair.value;
  }
  return offset;
}

function isEmpty(node: unknown): boolean {
  return isScalar(node) && (node.value === null || node.value === '');
}
