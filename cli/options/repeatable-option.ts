import { Option } from 'commander';

/** An option that may be given several times; each of its values counts. */
export class RepeatableOption extends Option {}

/** @param parse takes the next text, and what those before it have given; undefined at first */
export function repeatableOption<T>(
  flags: string,
  description: string,
  parse: (text: string, before?: T) => T,
): RepeatableOption {
  return new RepeatableOption(flags, description).argParser(parse);
}
