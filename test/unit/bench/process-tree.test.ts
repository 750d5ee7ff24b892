import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { ProcessTree } from '../../../bench/peers/process-tree.js';

/** A process whose child works for half a second, tells the processor time that it has used, and stays. */
const PARENT = `
  const { spawn } = require('node:child_process');
  const child = \`
    const until = Date.now() + 500;
    while (Date.now() < until);
    const { user, system } = process.cpuUsage();
    process.stdout.write(String((user + system) / 1e6));
    process.stdin.resume().on('end', () => process.exit());
  \`;
  spawn(process.execPath, ['-e', child], { stdio: ['pipe', 'inherit', 'inherit'] });
  process.stdin.resume().on('end', () => process.exit());
`;

it.skipIf(process.platform !== 'linux')('adds up what a process and its descendants use', async () => {
  const parent = spawn(process.execPath, ['-e', PARENT], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => {
    parent.kill('SIGKILL');
  });
  const [told] = await once(parent.stdout, 'data');
  const alone = new ProcessTree(parent.pid ?? 0);
  const tree = new ProcessTree(parent.pid ?? 0);
  tree.findDescendants();

  alone.sample();
  tree.sample();

  // The clock's ticks are hundredths of a second.
  const ofChild = tree.usage.cpuSeconds - alone.usage.cpuSeconds;
  expect(ofChild).toBeGreaterThanOrEqual(Number(String(told)) - 0.02);
  expect(tree.usage.peakBytes).toBeGreaterThan(alone.usage.peakBytes + 10e6);

  // What has ended still counts.
  parent.stdin.end();
  await once(parent, 'exit');
  const before = { ...tree.usage };
  tree.sample();
  expect(tree.usage.cpuSeconds).toBeGreaterThanOrEqual(before.cpuSeconds);
});
