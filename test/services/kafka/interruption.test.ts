import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Millrace, temporaryDirectory } from '../../integration/millrace.js';
import { until } from '../../until.js';

const BLOCKED_THREAD = fileURLToPath(new URL('blocked-thread.mjs', import.meta.url));
const DONE_PROGRAM = fileURLToPath(new URL('done-with-a-call-under-way.mjs', import.meta.url));
const NOBODY = '127.0.0.1:9';

describe('a start that waits for brokers', () => {
  async function waiting(use: (running: Millrace) => Promise<void>, nodeOptions = ''): Promise<void> {
    const directory = await temporaryDirectory();
    const running = new Millrace(
      ['start', '--once', '--brokers', NOBODY, '--registry', 'http://127.0.0.1:9', '--data-dir', directory.path],
      { env: { NODE_OPTIONS: nodeOptions, MILLRACE_TEST_DIRECTORY: directory.path } },
    );
    try {
      await until(() => running.stderr.includes('does not answer') || undefined, { patienceMs: 60_000 });
      await use(running);
    } finally {
      await running.kill('SIGKILL');
      await directory.remove();
    }
  }

  it('ends by itself at the first Ctrl-C', () =>
    waiting(async (running) => {
      running.process.kill('SIGINT');
      const finished = await Promise.race([running.finished, delay(15_000, undefined, { ref: false })]);
      expect(finished?.signal).toBeNull();
      expect(finished?.stderr).not.toContain('    at ');
    }));

  it('ends at the second Ctrl-C whatever its threads are doing', () =>
    waiting(async (running) => {
      running.process.kill('SIGINT');
      await delay(400);
      running.process.kill('SIGINT');
      const finished = await Promise.race([running.finished, delay(2000, undefined, { ref: false })]);
      expect(finished?.signal).toBe('SIGINT');
    }, `--import ${BLOCKED_THREAD}`));
});

describe('a program whose work is done', () => {
  it('ends, as one that was stopped in order, though a call of the Kafka client never comes back', async () => {
    const directory = await temporaryDirectory();
    const running = new Millrace([], {
      program: DONE_PROGRAM,
      env: { NODE_OPTIONS: `--import ${BLOCKED_THREAD}`, MILLRACE_TEST_DIRECTORY: directory.path },
    });
    const finished = await Promise.race([running.finished, delay(20_000, undefined, { ref: false })]);
    await running.kill('SIGKILL');
    await directory.remove();
    expect(finished).toMatchObject({ signal: 'SIGTERM', stdout: 'done\n' });
  });
});
