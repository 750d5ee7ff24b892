import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import picomatch from 'picomatch';
import { ProducerError } from '../producer-error.js';

/** A format that a server's configuration defines. */
export interface ConfiguredFormat {
  readonly name: string;
  /** As it stands there. */
  readonly directive: string;
  /** A log is written with it. */
  readonly isUsed: boolean;
}

const MAX_FILES = 1000;
const DEEPEST = 10;

/**
 * The log formats of an nginx.conf, or of Apache's configuration, and of the files that it includes, as far as they are
 * there. Relative paths are of the first file's folder, or of ServerRoot.
 *
 * @throws ProducerError LOG_FORMAT when the file cannot be read, or defines none
 */
export function configuredFormats(path: string): ConfiguredFormat[] {
  const configuration = new Configuration(dirname(resolve(path)));
  configuration.read(resolve(path), 0);
  const { formats, used } = configuration;
  if (formats.size === 0) {
    throw new ProducerError(
      'LOG_FORMAT',
      `${path} and what it includes define no log_format (NGINX) or LogFormat (Apache); leave --log-format out for their defaults`,
    );
  }
  return [...formats].map(([name, directive]) => ({ name, directive, isUsed: used.has(name) }));
}

class Configuration {
  readonly formats = new Map<string, string>();
  readonly used = new Set<string>();
  readonly #seen = new Set<string>();
  #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  read(path: string, depth: number): void {
    if (this.#seen.has(path) || this.#seen.size >= MAX_FILES || depth > DEEPEST) return;
    this.#seen.add(path);
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (cause) {
      // What is included may be of another user, or of modules that are not there.
      if (depth > 0) return;
      throw new ProducerError('LOG_FORMAT', `cannot read ${path}: ${(cause as Error).message}`, { cause });
    }
    const isApache = /^\s*(?:LogFormat|CustomLog|ServerRoot|Include(?:Optional)?)\s/im.test(text);
    for (const words of isApache ? apacheDirectives(text) : nginxDirectives(text)) this.#directive(words, depth);
  }

  #directive([name = '', ...words]: readonly string[], depth: number): void {
    switch (name.toLowerCase()) {
      case 'include':
      case 'includeoptional':
        for (const file of this.#files(words[0] ?? '')) this.read(file, depth + 1);
        break;
      case 'serverroot':
        this.#root = words[0] ?? this.#root;
        break;
      case 'log_format':
        this.formats.set(words[0] ?? '', nginxFormat(words.slice(1)));
        break;
      case 'access_log':
        if (words[0] !== 'off') this.used.add(words[1] === undefined || /[=]/.test(words[1]) ? 'combined' : words[1]);
        break;
      case 'logformat':
        this.formats.set(words[1] ?? 'the default', words[0] ?? '');
        break;
      case 'customlog':
        this.#customLog(words[1] ?? '');
        break;
    }
  }

  #customLog(format: string): void {
    if (format.includes('%')) this.formats.set(format, format);
    this.used.add(format);
  }

  /** A path, or a glob in its last parts, as `sites-enabled/*`. */
  #files(pattern: string): string[] {
    const path = resolve(this.#root, pattern);
    if (!/[*?[]/.test(path)) return [path];
    const matches = picomatch(path);
    const found: string[] = [];
    const parts = path.split('/');
    const first = parts.findIndex((part) => /[*?[]/.test(part));
    const look = (folder: string, rest: number): void => {
      for (const entry of list(folder)) {
        const inside = join(folder, entry);
        if (rest > 1) look(inside, rest - 1);
        else if (matches(inside)) found.push(inside);
      }
    };
    look(parts.slice(0, first).join('/') || '/', parts.length - first);
    return found.sort();
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** With its escaping, and its strings put together, as `log_format` has it. */
function nginxFormat(words: readonly string[]): string {
  const escaping = words[0]?.startsWith('escape=') ? words[0] : undefined;
  const text = words.slice(escaping === undefined ? 0 : 1).join('');
  const quoted = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  return `log_format f ${escaping ?? ''} '${quoted}';`;
}

/** Words between semicolons and braces; strings may hold those. */
function* nginxDirectives(text: string): Generator<string[]> {
  let words: string[] = [];
  for (const [, comment, double, single, bare, sign] of text.matchAll(
    /(#[^\n]*)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s;{}"'#][^\s;{}]*)|([;{}])/g,
  )) {
    if (comment !== undefined) continue;
    if (sign === undefined) words.push(bare ?? unescaped(double ?? single ?? ''));
    else {
      if (sign === ';' && words.length > 0) yield words;
      words = [];
    }
  }
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n', '"': '"', "'": "'", '\\': '\\' };

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, (whole, character: string) => ESCAPES[character] ?? whole);
}

/** A directive a line, which a backslash at its end continues. */
function* apacheDirectives(text: string): Generator<string[]> {
  for (const line of text.replace(/\\\r?\n/g, ' ').split('\n')) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    yield [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
      ([, quoted, bare]) => quoted?.replace(/\\(["\\])/g, '$1') ?? bare ?? '',
    );
  }
}
