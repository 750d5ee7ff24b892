import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Millrace } from '../integration/millrace.js';
import { until } from '../until.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const DIST = fileURLToPath(new URL('../../web/dist/', import.meta.url));
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const MAX_BYTES = 160 * 1024;

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

const PAGES = [
  '/',
  '/incidents',
  '/logs',
  '/services',
  '/hosts',
  '/sensors',
  '/goals',
  '/pipeline',
  '/pipeline?store=goal3',
  '/pipeline?view=partitions',
  '/pipeline?view=topics',
  '/pipeline?view=connectors',
  '/pipeline?view=schemas&subject=logs-value',
  '/pipeline?view=dead-letters',
  '/sql',
  '/alerts',
  '/alerts?view=times',
  '/alerts?view=detectors',
  '/settings',
];

describe.skipIf(CHROMIUM === undefined)('the dashboard in a browser (skipped where there is no Chromium)', () => {
  let directory: string;
  let pipeline: Millrace;
  let url: string;
  let browser: Browser;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dashboard-'));
    const input = ['--rate', '100', '--log-rate', '100', '--clients', '2000', '--seed', '7'];
    const masks = ['--mask', 'client_ip=/24', '--drop', 'referrer', '--retention', '3d'];
    pipeline = new Millrace([
      'start',
      '--data-dir',
      directory,
      '--http',
      '127.0.0.1:4390',
      '--no-auth',
      ...input,
      ...masks,
    ]);
    url = await until(() => /http:\/\/127\.0\.0\.1:\d+/.exec(pipeline.stdout + pipeline.stderr)?.[0], {
      progress: () => pipeline.stdout.length + pipeline.stderr.length,
      patienceMs: 120_000,
    });
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
    // A fault of the simulator has been found.
    await until(async () => (await incidentsOf(url)).length > 0, { patienceMs: 300_000 });
  });

  afterAll(async () => {
    await browser?.close();
    await pipeline?.kill('SIGTERM');
    await rm(directory, { recursive: true, force: true });
  });

  test('the overview names an incident that the pipeline has found, and leads to its lines', async () => {
    const { page, problems } = await open('/');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    const found = (await incidentsOf(url)).map(({ scope }) => scope.slice(scope.indexOf('/') + 1));
    const feed = page.getByRole('region', { name: 'Incidents' });
    const first = await feed.locator('.inc b').first().textContent();
    expect(found).toContain(first === 'All hosts together' ? '*' : first);
    await feed.locator('.inc').first().click();
    await page.getByRole('heading', { name: 'Timeline' }).waitFor();
    await page.getByRole('link', { name: 'Open in Logs' }).click();
    await page.getByRole('grid', { name: 'Lines' }).or(page.getByText('No line')).first().waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('by the keyboard alone: go to the incidents, acknowledge one, and it is noted', async () => {
    const { page } = await open('/');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('i');
    await page.getByRole('button', { name: 'Acknowledge' }).waitFor();
    await page.keyboard.press('a');
    await page.getByText('is on it').waitFor();
    await until(async () => (await incidentsOf(url)).some(({ acknowledged }) => acknowledged));
    await page.context().close();
  });

  test('Enter presses the link or button that has the focus, also where it opens the incident otherwise', async () => {
    const { page } = await open('/');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.getByRole('link', { name: 'goal1-topic' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/goals/);
    await page.context().close();
  });

  test('the menu of an incident is used by the keyboard alone: its text is copied, its lines are opened', async () => {
    const { page, problems } = await open('/incidents');
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const more = page.getByRole('button', { name: /^More/ });
    await more.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Silence' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowUp');
    await page.getByRole('menuitem', { name: 'Copy as Markdown' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('Markdown copied.').waitFor();
    const title = await page.locator('.ih h2').textContent();
    expect(await page.evaluate('navigator.clipboard.readText()')).toContain(`# [${title}](${url}/incidents/`);
    // Closed, the menu has given the focus back.
    await more.and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Silence' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Escape');
    await more.and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Enter');
    for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
    await page.waitForURL(/\/logs\?/);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('lines come in live, a search is in the URL, and an open line shows its fields', async () => {
    const { page } = await open('/logs');
    const rows = page.getByRole('grid', { name: 'Lines' }).getByRole('row');
    await rows.first().waitFor();
    const newest = await rows.first().textContent();
    await until(async () => (await rows.first().textContent()) !== newest);
    await page.keyboard.press('/');
    await page.keyboard.type('service:web-api');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=service%3Aweb-api/);
    await until(async () => ((await rows.first().textContent()) ?? '').includes('web-api'));
    await rows.nth(2).click();
    const drawer = page.getByRole('complementary', { name: 'Line' });
    await drawer.getByText('request_id').waitFor();
    await page.waitForURL(/line=logs/);
    await page.getByText('Paused').first().waitFor();
    await page.context().close();
  });

  test('the topology that runs is drawn with its rates; a node opens into its records, a store into its windows', async () => {
    const { page, problems } = await open('/pipeline');
    await page.getByText('has the most to do').waitFor();
    const asked = await fetch(`${url}/api/v1/topology`);
    const { topology } = (await asked.json()) as { topology: { subtopologies: { stores: { name: string }[] }[] } };
    for (const { name } of topology.subtopologies.flatMap(({ stores }) => stores.slice(0, 1))) {
      await page.locator('.topo .st', { hasText: name }).first().waitFor();
    }
    await until(async () =>
      (await page.locator('.topo .el').allTextContents()).some((rate) => /^[1-9].*\/s$/.test(rate)),
    );
    await page.locator('.topo [data-node="topic/test-inter"]').click();
    await page.getByRole('heading', { level: 2, name: 'test-inter' }).waitFor();
    await page.locator('.recs .rec').first().click();
    await page.locator('.recs pre', { hasText: 'client_ip' }).waitFor();
    await page.keyboard.press('Escape');
    // The focus is where it was; the arrows go from node to node.
    await until(() => page.evaluate(`document.activeElement?.dataset.node === 'topic/test-inter'`));
    await page.keyboard.press('ArrowRight');
    await until(() => page.evaluate(`document.activeElement?.dataset.node !== 'topic/test-inter'`));
    await page.locator('.topo [data-node="services"]').click();
    await page.getByRole('heading', { name: 'Windows' }).waitFor();
    const span = page.locator('.dk-c h3');
    const newest = await span.textContent();
    // On the map the arrows go from node to node, beside it from window to window.
    await page.getByRole('button', { name: 'Newest' }).focus();
    await page.keyboard.press('ArrowLeft');
    await page.waitForURL(/window=\d+/);
    expect(await span.textContent()).not.toBe(newest);
    await page.locator('.wt-s tbody tr', { hasText: 'web-api' }).waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('lines that match are exported as Parquet', async () => {
    const { page, problems } = await open('/logs?q=level:ERROR');
    await page.getByRole('row').first().waitFor();
    await page.getByRole('button', { name: 'Export or share what matches' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Parquet' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^millrace-services-[\dT-]+\.parquet$/);
    const bytes = await readFile(await download.path());
    expect([bytes.subarray(0, 4).toString(), bytes.subarray(-4).toString()]).toEqual(['PAR1', 'PAR1']);
    expect(problems).toEqual([]);
  });

  test('columns of the list are chosen, stand in the URL, and are there again with it', async () => {
    const { page, problems } = await open('/logs');
    const grid = page.getByRole('grid', { name: 'Lines' });
    await grid.getByRole('row').first().waitFor();
    await page.getByRole('button', { name: 'Columns' }).click();
    const chooser = page.getByRole('dialog', { name: 'Columns' });
    for (const name of ['method', 'endpoint', 'status', 'ms', 'source', 'request_id']) {
      await chooser.getByRole('checkbox', { name, exact: true }).click();
    }
    await page.waitForURL(/columns=message%2Crequest_id/);
    await page.reload();
    const cells = grid.getByRole('row').first().getByRole('gridcell');
    await cells.getByText(/^req_/).waitFor();
    expect(await cells.count()).toBe(4);
    await page.getByRole('button', { name: 'Columns' }).click();
    await chooser.getByRole('button', { name: 'The usual ones' }).click();
    await until(async () => !page.url().includes('columns='));
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("times are those of the browser's zone once that is chosen, and those of UTC before and after", async () => {
    const { page } = await open('/logs?from=0&to=60000', { timezoneId: 'Asia/Kolkata' });
    const range = page.getByRole('button', { name: /1970|Last/ });
    const choice = page.getByRole('checkbox', { name: /Times of Asia/ });
    await range.click();
    await choice.click();
    await page.getByRole('button', { name: /1 Jan 1970 05:30:00/ }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: /1 Jan 1970 05:30:00/ }).click();
    await choice.click();
    await page.getByRole('button', { name: /1 Jan 1970 00:00:00/ }).waitFor();
    await page.context().close();
  });

  test('a range is compared with the time before, which is asked of the same route; values of a chart are a table', async () => {
    const { page, problems } = await open('/services?name=web-api&from=now-5m');
    await page.getByRole('heading', { name: 'Response time' }).waitFor();
    await page.getByRole('button', { name: 'Last 5 min' }).click();
    const asked = page.waitForResponse((answer) => answer.url().includes('from=latest-600s&to=latest-300s'));
    await page.getByRole('checkbox', { name: 'Compare with the 5 min before' }).check();
    await page.waitForURL(/compare=before/);
    expect((await asked).ok()).toBe(true);
    await page.keyboard.press('Escape');
    await page
      .getByText(/^(Dashed:|Nothing is kept of) the 5 min before/)
      .first()
      .waitFor();
    const values = page.getByRole('button', { name: 'Values of Response times of web-api' });
    await values.focus();
    await page.keyboard.press('Enter');
    const table = page.getByRole('dialog').getByRole('table');
    await table.getByRole('columnheader', { name: 'p95', exact: true }).waitFor();
    expect(await table.getByRole('row').count()).toBeGreaterThan(3);
    await page.evaluate(await readFile(AXE, 'utf8'));
    expect(await violationsOn(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await values.and(page.locator(':focus')).waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('of thousands of lines only those in view are in the page', async () => {
    const { page } = await open('/logs');
    await page.getByRole('grid', { name: 'Lines' }).getByRole('row').first().waitFor();
    await until(async () => {
      const lines = await page.getByRole('grid', { name: 'Lines' }).getAttribute('aria-rowcount');
      return Number(lines) >= 1_000;
    });
    expect(await page.getByRole('grid', { name: 'Lines' }).getByRole('row').count()).toBeLessThan(120);
    await page.context().close();
  });

  test('by the keyboard a part of the histogram is selected, and is compared with the hour before', async () => {
    const { page, problems } = await open('/logs');
    await page.locator('.hg .plot').focus();
    await page.keyboard.press('ArrowLeft');
    await page.waitForURL(/sel=\d+-\d+/);
    await page.keyboard.press('Shift+ArrowRight');
    const why = page.getByRole('region', { name: 'Why is this different' });
    await why.getByText(/of the hour|No line was selected/).waitFor();
    await page.keyboard.press('Escape');
    await why.waitFor({ state: 'detached' });
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('a channel and a route are made, the route is tried, and both are deleted', async () => {
    const { page, problems } = await open('/alerts');
    await page.getByRole('button', { name: 'Channel' }).click();
    await page.getByLabel('Name').fill('oncall');
    await page.getByLabel('Address').fill('https://hooks.example.com/millrace');
    await page.getByRole('button', { name: 'Keep' }).click();
    await page.getByRole('button', { name: 'Change oncall' }).waitFor();
    await page.getByRole('button', { name: 'Route', exact: true }).click();
    await page.getByLabel('Name').fill('critical');
    await page.getByLabel(/^When/).fill('severity="critical"');
    await page.getByRole('checkbox', { name: 'oncall' }).check();
    await page.getByRole('button', { name: 'Keep' }).click();
    await page.locator('.try').getByText('oncall').waitFor();
    await page.locator('.try').getByRole('combobox', { name: 'Severity' }).selectOption('warning');
    await page.locator('.try').getByText('nobody is told').waitFor();
    // The order is changed by the keyboard, and by dragging.
    await page.getByRole('button', { name: 'Route', exact: true }).click();
    await page.getByLabel('Name').fill('night');
    await page.getByRole('button', { name: 'Keep' }).click();
    const order = async () => {
      const { items } = (await (await fetch(`${url}/api/v1/routes`)).json()) as { items: { id: string }[] };
      return items.map(({ id }) => id).join();
    };
    await until(async () => (await order()) === 'critical,night');
    // A dialog that closes gives the focus back.
    await page.locator('dialog.dialog').waitFor({ state: 'detached' });
    const down = page.getByRole('button', { name: 'Move critical down' });
    await down.focus();
    await page.keyboard.press('Enter');
    await until(async () => (await order()) === 'night,critical');
    await page.getByText('critical is 2 of 2.').waitFor({ state: 'attached' });
    const places = page.locator('.rt td.ord');
    const first = page.locator('.rt tbody tr').first().getByRole('button', { name: 'Move critical up' });
    // On a busy machine the browser misses a drag.
    await until(async () => {
      await places.nth(1).locator('.grip').dragTo(places.nth(0));
      await first.waitFor({ timeout: 5000 }).catch(() => {});
      return first.isVisible();
    });
    await until(async () => (await order()) === 'critical,night');
    // Nothing is deleted before it is asked again; a cancelled one stays, and has the focus.
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Delete the route night' }).click();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Delete the route night' }).and(page.locator(':focus')).waitFor();
    expect(await order()).toBe('critical,night');
    // A channel that a route names stays, and it is said why.
    await page.getByRole('button', { name: 'Delete the channel oncall' }).click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await dialog.getByText(/names the channel "oncall"/).waitFor();
    expect(problems.splice(0)).toEqual([`409 ${url}/api/v1/channels/oncall`]);
    await page.keyboard.press('Escape');
    const remove = async (what: string) => {
      await page.getByRole('button', { name: `Delete ${what}` }).click();
      await dialog.getByRole('button', { name: 'Delete' }).click();
      await dialog.waitFor({ state: 'detached' });
    };
    await remove('the route night');
    await remove('the route critical');
    await page.getByText('No route.').waitFor();
    await page.getByRole('heading', { name: 'Routes' }).and(page.locator(':focus')).waitFor();
    await remove('the channel oncall');
    await page.getByText('No channel.').waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('settings say what the pipeline goes by: its limits, what is masked, how long is kept', async () => {
    const { page, problems } = await open('/settings');
    const limits = page.getByRole('region', { name: 'Limits' });
    // As the option's text in docs/configuration.md says.
    await limits.getByRole('row', { name: /bursts of 5xx .* 10 ?requests 10 s --server-errors-threshold/ }).waitFor();
    await limits.getByRole('row', { name: /temperature 40 ?°C --temperature-limit/ }).waitFor();
    const masks = page.getByRole('region', { name: 'Masks and retention' });
    await masks.getByText('client_ip=/24').waitFor();
    await masks.getByText('referrer').waitFor();
    await masks.getByText('30 days, at most 10 GB').waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('axe finds nothing against WCAG 2.2 A and AA on any page, light and dark, and each fits 390 px of width', async () => {
    const found: string[] = [];
    for (const path of PAGES) {
      const { page } = await open(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.waitForLoadState('load');
      await settled(page);
      await page.evaluate(await readFile(AXE, 'utf8'));
      found.push(...(await violationsOn(page)).map((violation) => `${path} light ${violation}`));
      const ground = await groundOf(page);
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.setViewportSize({ width: 390, height: 900 });
      await until(async () => (await groundOf(page)) !== ground);
      await settled(page);
      found.push(...(await violationsOn(page)).map((violation) => `${path} dark ${violation}`));
      const over = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      if (over > 0) found.push(`${path} is ${over} px too wide`);
      await page.context().close();
    }
    expect(found).toEqual([]);
  });

  async function open(path: string, { timezoneId = 'UTC' }: { timezoneId?: string } = {}) {
    const context = await browser.newContext({
      colorScheme: 'light',
      timezoneId,
      viewport: { width: 1440, height: 900 },
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      const isAnswer = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !isAnswer) problems.push(message.text());
    });
    page.on('response', (response) => {
      // Of a host, service or sensor that has an incident there may be no closed window yet.
      const isUnknownEntity = response.status() === 404 && /\/v1\/(hosts|services|sensors)\//.test(response.url());
      if (response.status() >= 400 && !isUnknownEntity) problems.push(`${response.status()} ${response.url()}`);
    });
    await page.goto(url + path);
    return { page, problems };
  }
});

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** By axe, which is in the page. */
async function violationsOn(page: Page): Promise<string[]> {
  const violations = await page.evaluate<Violation[]>(
    `axe.run({ runOnly: { type: 'tag', values: ${JSON.stringify(WCAG)} } }).then(({ violations }) => violations)`,
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`);
}

function groundOf(page: Page): Promise<string> {
  return page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
}

interface FoundIncident {
  readonly scope: string;
  readonly acknowledged: boolean;
}

async function incidentsOf(url: string): Promise<FoundIncident[]> {
  const response = await fetch(`${url}/api/v1/incidents`);
  return ((await response.json()) as { items: FoundIncident[] }).items;
}

/** What a page asks for first has come: nothing says that it is loading. */
async function settled(page: Page): Promise<void> {
  let calm = 0;
  await until(async () => {
    calm = (await page.getByRole('status', { name: 'Loading' }).count()) === 0 ? calm + 1 : 0;
    return calm > 12;
  });
}

test('what a first visit loads is 160 KiB at most, compressed, fonts apart', () => {
  const page = readFileSync(join(DIST, 'index.html'), 'utf8');
  const named = [...page.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map(([, name = '']) => name);
  expect(named.length).toBeGreaterThan(2);
  const sizes = ['index.html', ...named].map((name) => readFileSync(join(DIST, `${name}.gz`)).byteLength);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(MAX_BYTES);
});

test('each script and style has its content in its name, and stands there compressed', () => {
  const names = readdirSync(join(DIST, 'assets'));
  const texts = names.filter((name) => /\.(js|css)$/.test(name));
  expect(texts.length).toBeGreaterThan(5);
  for (const name of texts) {
    expect(name).toMatch(/-[A-Z0-9]{8}\.(js|css)$/);
    expect(names).toContain(`${name}.br`);
    expect(names).toContain(`${name}.gz`);
  }
});

test('the page names nothing of other hosts, and has no script or style of its own', () => {
  const page = readFileSync(join(DIST, 'index.html'), 'utf8');
  expect(page).not.toMatch(/https?:\/\//);
  expect(page).not.toMatch(/<style|style=|<script(?![^>]*\ssrc=)/);
});
