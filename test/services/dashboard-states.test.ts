import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Millrace } from '../integration/millrace.js';
import { until } from '../until.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const PASSWORD = 'correct horse battery staple';
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/;

describe.skipIf(CHROMIUM === undefined)('the states of the dashboard (skipped where there is no Chromium)', () => {
  let browser: Browser;
  let context: BrowserContext | undefined;
  const directories: string[] = [];
  const running: Millrace[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
  });

  afterEach(async () => {
    await context?.close();
    await Promise.all(running.splice(0).map((one) => one.kill('SIGTERM')));
    await Promise.all(directories.splice(0).map((one) => rm(one, { recursive: true, force: true })));
  });

  afterAll(async () => {
    await browser?.close();
  });

  /** A pipeline and its server, until they are told to end. */
  async function started(args: readonly string[], directory?: string) {
    const own = directory ?? (await mkdtemp(join(tmpdir(), 'dashboard-states-')));
    directories.push(own);
    const pipeline = new Millrace(['start', '--data-dir', own, ...args]);
    running.push(pipeline);
    const progress = () => pipeline.stdout.length + pipeline.stderr.length;
    const said = () => pipeline.stdout + pipeline.stderr;
    const url = await until(() => ADDRESS.exec(said())?.[0], { progress, patienceMs: 120_000 });
    return { pipeline, said, url, directory: own };
  }

  async function open(url: string): Promise<Page> {
    context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(url);
    return page;
  }

  test('before the first line the overview says how lines come in, and those that are pasted take it over', async () => {
    const { url } = await started(['--listen', '--no-auth', '--http', '127.0.0.1:4391']);
    const page = await open(url);
    await page.getByText('Nothing has come in yet').waitFor();
    const time = new Date().toISOString();
    const lines = [1, 2, 3].map((index) =>
      JSON.stringify({ timestamp: time, service: 'web-api', level: 'ERROR', message: `it failed ${index}` }),
    );
    await page.getByLabel('Lines of a log').fill([...lines, 'of no known format'].join('\n'));
    await page.getByRole('button', { name: 'Send lines' }).click();
    await page.getByText('3 lines taken.').or(page.getByText('Nothing unusual.')).first().waitFor();
    await page.goto(`${url}/logs`);
    await page.getByRole('grid', { name: 'Lines' }).getByText('it failed 2').waitFor();

    // A search that leaves nothing says which part of it is at fault, wherever it stands.
    await page.goto(`${url}/logs?q=${encodeURIComponent('level:DEBUG service:web-api')}`);
    await page.getByText('Without level:DEBUG there are').waitFor();
    await page.getByRole('button', { name: 'Without it' }).click();
    await page.waitForURL(/q=service%3Aweb-api/);
  });

  test('when nothing new has come for 10 s, figures are dimmed and say what they are of, until something comes again', async () => {
    const { url } = await started(['--listen', '--no-auth', '--http', '127.0.0.1:4394']);
    const send = async () => {
      const lines = Array.from({ length: 5 }, (_, index) =>
        JSON.stringify({ timestamp: new Date().toISOString(), service: 'web-api', level: 'INFO', message: `${index}` }),
      );
      const sent = await fetch(`${url}/api/v1/events`, {
        method: 'POST',
        body: lines.join('\n'),
        headers: { 'X-Millrace': '1', 'Content-Type': 'text/plain' },
      });
      expect(sent.ok).toBe(true);
    };
    await send();
    const page = await open(url);
    const figures = page.getByRole('region', { name: /^Figures of the last minute/ });
    await figures.waitFor();
    await send();
    const sentAt = performance.now();
    await page.getByText('Live', { exact: false }).first().waitFor();
    const dimmed = page.locator('.page.stale');
    await dimmed.waitFor();
    // 10 s after the last of them has been read, and a second or two until it is seen.
    expect(performance.now() - sentAt).toBeGreaterThan(9_000);
    expect(performance.now() - sentAt).toBeLessThan(25_000);
    await figures.getByText(/as of \d\d:\d\d:\d\d, \d+ s ago/).waitFor();
    await page
      .getByRole('group', { name: 'Live stream' })
      .getByText(/Waiting/)
      .waitFor();
    const colourOf = (selector: string) =>
      page.evaluate<string>(`getComputedStyle(document.querySelector('${selector}')).color`);
    expect(await colourOf('.kpi .k-v')).toBe(await colourOf('.stale .dim'));
    await send();
    await dimmed.waitFor({ state: 'detached' });
  });

  test('a stream that breaks is said, what is there stays, and when the server is back it goes on', async () => {
    const args = ['--no-auth', '--log-rate', '20', '--rate', '20', '--http', '127.0.0.1:4392'];
    const { directory, pipeline, url } = await started(args);
    const page = await open(`${url}/logs`);
    const rows = page.getByRole('grid', { name: 'Lines' }).getByRole('row');
    await rows.first().waitFor();
    await pipeline.kill('SIGTERM');
    const banner = page.getByRole('status').filter({ hasText: 'Reconnecting' });
    await banner.waitFor();
    // Its figures are no longer those of now.
    await page.locator('.page.stale').waitFor({ state: 'attached' });
    expect(await banner.textContent()).toMatch(/in \d+ s, attempt \d+\. What you see is as of \d\d:\d\d:\d\d\./);
    expect(await rows.count()).toBeGreaterThan(0);
    await started(args, directory);
    await page.getByText('Connected again.').waitFor();
    await banner.waitFor({ state: 'detached' });
  });

  test('a viewer sees all of it and is offered nothing that a viewer may not do; who signs in comes to the page that was asked for', async () => {
    const { said, url } = await started(['--log-rate', '20', '--rate', '20', '--http', '127.0.0.1:4393']);
    const setup = await until(() => /http:\/\/\S+#\/setup\?token=\S+/.exec(said())?.[0], { patienceMs: 60_000 });
    const admin = await open(setup);
    await admin.getByLabel('Password').fill(PASSWORD);
    await admin.getByRole('button', { name: /Continue/ }).click();
    await admin.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await admin.goto(`${url}/settings`);
    const users = admin.getByRole('region', { name: 'Users' });
    await users.getByLabel('Name').fill('vera');
    await users.getByLabel('Password').fill(PASSWORD);
    await users.getByRole('button', { name: 'User', exact: true }).click();
    await users.getByRole('button', { name: 'Remove the user vera' }).waitFor();
    await context?.close();

    const viewer = await open(`${url}/logs?q=level%3AERROR`);
    await viewer.getByLabel('Name').fill('vera');
    await viewer.getByLabel('Password').fill(PASSWORD);
    await viewer.getByRole('button', { name: /Sign in/ }).click();
    await viewer.getByRole('button', { name: 'Without level:ERROR' }).waitFor();
    for (const path of ['/alerts', '/alerts?view=times', '/pipeline?view=dead-letters', '/settings']) {
      await viewer.goto(url + path);
      await viewer.getByRole('heading', { level: 1 }).waitFor();
      for (const name of ['Route', 'Channel', 'Silence', 'Schedule', 'User', 'Token']) {
        expect(await viewer.getByRole('button', { name, exact: true }).count(), `${name} at ${path}`).toBe(0);
      }
    }
    const refusals = viewer.getByText('This is not for your role.');
    expect(await refusals.count()).toBe(0);
  });
});
