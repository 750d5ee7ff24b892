import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Secrets } from '../../../notify/secrets.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-secrets-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

it('a key in a file that a variable names is the key that the variable itself would give', () => {
  const file = join(directory, 'key');
  writeFileSync(file, 'correct horse\n');
  const sealed = Secrets.of(undefined, { MILLRACE_SECRET_KEY: 'correct horse' }).seal({ token: 'x' });
  expect(Secrets.of(undefined, { MILLRACE_SECRET_KEY_FILE: file }).open(sealed)).toEqual({ token: 'x' });
});

it('a named file that is not there, or is empty, is told instead of another key being made', () => {
  const empty = join(directory, 'empty');
  writeFileSync(empty, '\n');
  const of = (file: string) => () => Secrets.of(join(directory, 'own'), { MILLRACE_SECRET_KEY_FILE: file });
  expect(of(join(directory, 'none'))).toThrow(/MILLRACE_SECRET_KEY_FILE: .*none cannot be read/);
  expect(of(empty)).toThrow(/empty is empty/);
});
