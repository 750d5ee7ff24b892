import { InvalidArgumentError } from 'commander';

/** @throws InvalidArgumentError */
export function httpUrl(text: string): string {
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new InvalidArgumentError('It must be a URL such as http://127.0.0.1:8083.');
  }
  return text;
}
