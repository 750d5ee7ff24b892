import { ConnectorError } from './connector-error.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `${NAME}` and `${NAME:-default}`; `$${NAME}` stands for itself. What Connect replaces, as `${file:…}`, is not it. */
const VARIABLE = /\$?\$\{([A-Z_][A-Z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Puts values into a text's variables. One that is empty counts as one that is not set when there is a default, as in a
 * shell.
 *
 * @param file what the text is from, for the message
 * @throws ConnectorError VARIABLE_MISSING
 */
export function substitute(text: string, environment: Environment, file: string): string {
  return text.replaceAll(VARIABLE, (found, name: string, byDefault: string | undefined) => {
    if (found.startsWith('$$')) return found.slice(1);
    const value = environment[name];
    if (byDefault !== undefined) return value || byDefault;
    if (value === undefined) {
      throw new ConnectorError('VARIABLE_MISSING', `${file} needs the environment variable ${name}, which is not set`);
    }
    return value;
  });
}
