import { RE2JS } from 're2js';
import { LABEL_NAMES, type Labels } from './labels.js';
import { NotifyError } from './notify-error.js';

/** Alertmanager's matcher: `severity="critical"`, `scope!="auth"`, `entity=~"web-.*"`, `detector!~"a|b"`. */
export interface Matcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
  matches(labels: Labels): boolean;
}

const SYNTAX = /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^"\s,{}]*))\s*$/s;
/** A pattern of an operator's runs against names that come from logs: RE2 takes linear time, and is Alertmanager's. */
const MAX_PATTERN_CHARACTERS = 1000;

/**
 * Reads a matcher. A label that an incident lacks is the empty text; of a label with several values one that matches is
 * enough, and `!=` and `!~` are the opposites. Patterns match the whole value.
 *
 * @throws NotifyError NOTIFY_MATCHER
 */
export function matcherOf(text: string): Matcher {
  const [, label, operator, quoted, bare] = SYNTAX.exec(text) ?? [];
  if (label === undefined || operator === undefined) {
    throw new NotifyError('NOTIFY_MATCHER', `the matcher ${text} is not like severity="critical" or entity=~"web-.*"`);
  }
  if (!LABEL_NAMES.some((name) => name === label)) {
    throw new NotifyError('NOTIFY_MATCHER', `the matcher ${text} names no label: there are ${LABEL_NAMES.join(', ')}`);
  }
  const value = quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/gs, (_, one) => (one === 'n' ? '\n' : one));
  const test = operator.endsWith('~') ? patternTest(text, value) : (one: string) => one === value;
  const isNegative = operator.startsWith('!');
  return {
    label,
    operator: operator as Matcher['operator'],
    value,
    matches: (labels) => {
      const values = labels[label] ?? [];
      return (values.length === 0 ? test('') : values.some(test)) !== isNegative;
    },
  };
}

export function matchersOf(texts: readonly string[]): readonly Matcher[] {
  return texts.map(matcherOf);
}

/** All of them; none is everything. */
export function matchesAll(matchers: readonly Matcher[], labels: Labels): boolean {
  return matchers.every((matcher) => matcher.matches(labels));
}

function patternTest(text: string, pattern: string): (value: string) => boolean {
  if (pattern.length > MAX_PATTERN_CHARACTERS) {
    throw new NotifyError(
      'NOTIFY_MATCHER',
      `a pattern has at most ${MAX_PATTERN_CHARACTERS} characters, not ${pattern.length}`,
    );
  }
  try {
    const compiled = RE2JS.compile(pattern);
    return (value) => compiled.matches(value);
  } catch (cause) {
    throw new NotifyError(
      'NOTIFY_MATCHER',
      `the pattern of the matcher ${text} cannot be used: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}
