/**
 * Writes deploy/kustomize/ of the chart in deploy/helm/: the plain manifests are the chart's, for values that are
 * written down. With --check it only says which files are not what the chart makes. HELM names the program.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isMain, orEnd, ROOT, SetUpError } from './steps.mjs';

const HELM = process.env.HELM ?? 'helm';
const HEAD = '# Written by `npm run kubernetes` of deploy/helm/millrace.\n';
const OPTIONS = ['--kube-version', '1.30.0', '--namespace', 'millrace'];
/** What each file is rendered with. */
const FILES = {
  'embedded/millrace.yaml': [],
  'kafka/millrace.yaml': ['--values', 'deploy/helm/values/kafka.yaml'],
  'monitoring/millrace.yaml': [
    ...['--show-only', 'templates/monitoring.yaml'],
    ...['--set', 'monitoring.serviceMonitor=true', '--set', 'monitoring.prometheusRule=true'],
  ],
};

function render(options) {
  const args = ['template', 'millrace', 'deploy/helm/millrace', ...OPTIONS, ...options];
  const { error, status, stderr, stdout } = spawnSync(HELM, args, { cwd: ROOT, encoding: 'utf8' });
  if (error !== undefined) throw new SetUpError(`helm is needed, on the PATH or as HELM: ${error.message}`);
  if (status !== 0) throw new SetUpError(stderr.trim());
  return HEAD + stdout;
}

function writeManifests(isCheck) {
  for (const [name, options] of Object.entries(FILES)) {
    const path = join('deploy/kustomize', name);
    const text = render(options);
    if (!isCheck) {
      mkdirSync(dirname(join(ROOT, path)), { recursive: true });
      writeFileSync(join(ROOT, path), text);
    } else if (readFileSync(join(ROOT, path), 'utf8') !== text) {
      throw new SetUpError(`${path} is not what the chart makes; npm run kubernetes writes it`);
    }
  }
}

if (isMain(import.meta.url)) await orEnd(() => writeManifests(process.argv.includes('--check')));
