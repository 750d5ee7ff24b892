import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { goProgram } from './go-programs.js';

const ACTIONLINT = 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12';
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const WORKFLOWS = '.github/workflows';

function lint(args: readonly string[], input?: string) {
  // Without shellcheck and pyflakes, which one machine has and another has not.
  const { status, stdout } = spawnSync(actionlint.path, ['-no-color', '-shellcheck=', '-pyflakes=', ...args], {
    ...{ cwd: ROOT, encoding: 'utf8', input },
  });
  return { status, said: stdout };
}

/** Built by Go, which may not be there. */
function find(): { readonly path: string; readonly reason?: string } {
  try {
    return { path: goProgram('actionlint', ACTIONLINT) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.warn(`skipped, for actionlint cannot be had here: ${error.message}`);
    return { path: '', reason: error.message };
  }
}
const actionlint = find();

describe.skipIf(actionlint.reason)('actionlint', () => {
  it.each(readdirSync(new URL(`../../${WORKFLOWS}`, import.meta.url)))('finds nothing in the workflow %s', (file) => {
    expect(lint([`${WORKFLOWS}/${file}`])).toEqual({ status: 0, said: '' });
  });

  it('finds a value that no matrix has', () => {
    const job = 'on: push\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps:';
    const { said, status } = lint(['-'], `${job}\n      - run: echo \${{ matrix.node }}\n`);
    expect(status).toBe(1);
    expect(said).toContain('property "node" is not defined');
  });
});
