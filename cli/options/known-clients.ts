import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { Networks } from '../../schemas/canonical/networks.js';
import type { KnownCrawler } from '../../topology/abuse/known-clients.js';

export interface KnownClientsOptions {
  readonly excludeClients: readonly string[];
  readonly crawlers: readonly KnownCrawler[];
}

/** `--exclude-clients` and `--crawlers`: who makes no incident by asking much. */
export function addKnownClients(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--exclude-clients <networks>',
        'clients that make no incident, such as 192.0.2.0/24,2001:db8::/32; results of goals have them all the same',
      )
        .argParser(networks)
        .default([], 'none'),
    )
    .addOption(
      new Option(
        '--crawlers <file>',
        'more crawlers that make no incident, one a line: part of the user agent and, where known, its networks',
      )
        .argParser(crawlersOf)
        .default([], 'a list that is built in'),
    );
}

function networks(text: string): readonly string[] {
  const given = text.split(/[\s,]+/).filter((one) => one !== '');
  usable(given);
  return given;
}

function usable(given: readonly string[]): void {
  try {
    new Networks(given);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

/** Lines such as `Googlebot 66.249.64.0/19 2001:4860:4801::/48`; `#` begins a comment. */
function crawlersOf(path: string): readonly KnownCrawler[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new InvalidArgumentError(`It cannot be read: ${(error as Error).message}`);
  }
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
    .map((line) => {
      const words = line.split(/\s+/);
      const first = words.findIndex((word) => /^[\da-f:.]+(\/\d+)?$/i.test(word) && /[.:]/.test(word));
      const end = first < 1 ? words.length : first;
      const given = words.slice(end);
      usable(given);
      return { agent: words.slice(0, end).join(' '), networks: given };
    });
}
