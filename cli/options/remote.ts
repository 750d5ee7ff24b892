import { InvalidArgumentError } from 'commander';
import { type Credentials, credentialsOf } from '../../producer/remote/credentials.js';

/** `name:password`. */
export function credentials(text: string): Credentials {
  if (!text.includes(':')) throw new InvalidArgumentError('It must be name:password.');
  return credentialsOf(text);
}

export type Headers = Readonly<Record<string, string>>;

/** `Authorization: Bearer …`. */
export function header(text: string, others: Headers = {}): Headers {
  const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*([^\r\n]*?)[ \t]*$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError("It must be a header such as 'Authorization: Bearer …'.");
  }
  return { ...others, [name.toLowerCase()]: value };
}
