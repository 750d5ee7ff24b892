import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from './programs.js';

const MAX_COLUMNS = 120;
const REFERENCE = 'docs/streams/reference/';

const NOT_OURS = /(^|\/)(node_modules|dist|data|\.[^/]+)\//;

const PAGES = readdirSync(ROOT, { withFileTypes: true })
  .flatMap((entry) => (entry.isDirectory() && !NOT_OURS.test(`${entry.name}/`) ? pagesIn(entry.name) : [entry.name]))
  .filter((path) => path.endsWith('.md') && !NOT_OURS.test(path));

function pagesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`);
}

/** Lines outside of blocks of code, with their numbers. */
function proseOf(page: string): { readonly line: string; readonly number: number }[] {
  let isCode = false;
  return readFileSync(join(ROOT, page), 'utf8')
    .split('\n')
    .map((line, i) => {
      const isFence = /^\s*```/.test(line);
      if (isFence) isCode = !isCode;
      return { line, number: i + 1, isProse: !isCode && !isFence };
    })
    .filter(({ isProse }) => isProse);
}

/** As GitHub makes it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

function anchorsOf(page: string): string[] {
  return proseOf(page).flatMap(({ line }) => {
    const [, heading] = /^#+ (.*)$/.exec(line) ?? [];
    return heading === undefined ? [] : [anchorOf(heading)];
  });
}

it('every link between pages leads to a file that exists and, with an anchor, to a heading in it', () => {
  const broken: string[] = [];
  for (const page of PAGES.filter((name) => !name.startsWith(REFERENCE))) {
    for (const { line, number } of proseOf(page)) {
      for (const [, link = ''] of line.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(link)) continue;
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? page : join(dirname(page), path);
        const isThere = existsSync(join(ROOT, target));
        if (!isThere || (anchor !== undefined && !anchorsOf(target).includes(anchor))) {
          broken.push(`${page}:${number}: ${link}`);
        }
      }
    }
  }
  expect(broken).toEqual([]);
});

function linksOf(page: string): string[] {
  return [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\(([^)#\s]+)[^)\s]*\)/g)].map(([, link = '']) =>
    join(dirname(page), link),
  );
}

it('every page of the documentation is at most two clicks away from the README', () => {
  const first = linksOf('README.md').filter((page) => PAGES.includes(page));
  const reached = new Set([...first, ...first.flatMap(linksOf)]);
  const pages = PAGES.filter((page) => page.startsWith('docs/') && !page.startsWith(REFERENCE));
  expect(pages.filter((page) => !reached.has(page))).toEqual([]);
});

it('every page is in the list of pages', () => {
  const listed = new Set(linksOf('docs/README.md'));
  const pages = PAGES.filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md');
  expect(pages.filter((page) => !listed.has(page))).toEqual([]);
});

it('prose is wrapped at 120 columns; tables and links are as long as they are', () => {
  const long = PAGES.filter((name) => !name.startsWith(REFERENCE)).flatMap((page) =>
    proseOf(page)
      .filter(({ line }) => [...line].length > MAX_COLUMNS && !/^\s*\|/.test(line) && line.trim().includes(' '))
      .map(({ number }) => `${page}:${number}`),
  );
  expect(long).toEqual([]);
});
