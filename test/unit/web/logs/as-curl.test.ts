import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { asCurl } from '../../../../web/pages/logs/as-curl.js';

/** The words that a shell makes of a command. */
function wordsOf(command: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }; ${command}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8', env: { MILLRACE_TOKEN: 'abc' } })
    .split('\0')
    .slice(0, -1);
}

test('a search is one command of a shell, whatever stands in it', () => {
  const q = `message:"it's $HOME" \`id\` \\ path:*`;
  const url = 'https://logs.example.com/api/v1/logs/export';
  expect(wordsOf(asCurl({ url, query: { q, format: 'ndjson' }, needsToken: true }))).toEqual([
    ...['--get', url, '--data-urlencode', `q=${q}`, '--data-urlencode', 'format=ndjson'],
    ...['--header', 'Authorization: Bearer abc'],
  ]);
});

test('a server without sign-in needs no token', () => {
  expect(wordsOf(asCurl({ url: 'http://127.0.0.1:4000/', query: {}, needsToken: false }))).toEqual([
    ...['--get', 'http://127.0.0.1:4000/'],
  ]);
});
