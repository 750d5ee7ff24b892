/** Checks that the packages, the chart and the changelog are of a version, and prints what the changelog says of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMain, orEnd, ROOT, SetUpError } from './steps.mjs';

const PACKAGES = ['package.json', 'streams/package.json', 'web/package.json'];
const CHART = 'deploy/helm/millrace/Chart.yaml';
/** Semantic versions, such as 1.2.3 or 1.2.3-rc.1. */
const VERSION = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

/** @throws SetUpError */
async function checkVersion(version = '') {
  if (!VERSION.test(version)) throw new SetUpError(`"${version}" is no version, such as 1.2.3`);
  for (const name of PACKAGES) {
    const { version: own } = JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
    if (own !== version) throw new SetUpError(`${name} is of version ${own}, not ${version}`);
  }
  for (const [, name, own] of readFileSync(join(ROOT, CHART), 'utf8').matchAll(/^(version|appVersion): (.*)$/gm)) {
    if (own !== version) throw new SetUpError(`${CHART}: ${name} is ${own}, not ${version}`);
  }
  const sections = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8').split(/^## /m);
  const section = sections.find((text) => text.startsWith(`${version} `) || text.startsWith(`${version}\n`));
  if (section === undefined) throw new SetUpError(`CHANGELOG.md says nothing of version ${version}`);
  process.stdout.write(`${section.split('\n').slice(1).join('\n').trim()}\n`);
}

if (isMain(import.meta.url)) await orEnd(() => checkVersion(process.argv[2]));
