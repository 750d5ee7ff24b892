import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const DIRECTORY = fileURLToPath(new URL('../../../deploy/prometheus/', import.meta.url));

const ruleFile = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^Millrace[A-Z]\w+$/),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.strictObject({ severity: z.enum(['warning', 'critical']) }),
          annotations: z.strictObject({ summary: z.string(), description: z.string() }),
        }),
      ),
    }),
  ),
});

const read = (name: string): unknown => parse(readFileSync(join(DIRECTORY, name), 'utf8'));

const alerts = ruleFile.parse(read('rules/millrace.yml')).groups.flatMap(({ rules }) => rules);

function promtool(...args: readonly string[]) {
  return spawnSync('promtool', args, { cwd: DIRECTORY, encoding: 'utf8' });
}

test('promtool finds nothing wrong with the configuration and the alert rules', ({ skip }) => {
  const config = promtool('check', 'config', '--syntax-only', 'prometheus.yml');
  if (config.error !== undefined) skip('promtool is not installed');
  expect(config.status, config.stdout + config.stderr).toBe(0);
  const rules = promtool('check', 'rules', 'rules/millrace.yml');
  expect(rules.stdout).toContain(`SUCCESS: ${alerts.length} rules found`);
});

test('alerts fire when they are to, and not before', ({ skip }) => {
  const tested = promtool('test', 'rules', 'rules.test.yml');
  if (tested.error !== undefined) skip('promtool is not installed');
  expect(tested.status, tested.stdout + tested.stderr).toBe(0);
});

test('each alert has a name of its own, and the tests of the rules name it', () => {
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  const tests = readFileSync(join(DIRECTORY, 'rules.test.yml'), 'utf8');
  expect(alerts.filter(({ alert }) => !tests.includes(alert)).map(({ alert }) => alert)).toEqual([]);
});
