import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { disorderOf, graceFor } from '../../../app/ingestion/disorder.js';
import { temporaryFolder } from '../producer/log-inputs.js';

const START_MS = Date.UTC(2026, 0, 31, 12);
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

function request(second: number): string {
  const time = new Date(START_MS + second * 1000).toISOString().replace('.000Z', '+00:00');
  return `{"time":"${time}","remote_addr":"192.0.2.1","request":"GET / HTTP/1.1","status":200,"host":"a.example"}\n`;
}

async function disorder(...texts: string[]): Promise<number> {
  const inputs = await Promise.all(
    texts.map(async (text, index) => {
      const path = folder.path(`${index}.log`);
      await writeFile(path, text);
      return path;
    }),
  );
  const reading = { format: 'auto', host: 'unknown', server: 'unknown', excludedPaths: [] };
  const source = { kind: 'files', inputs, follow: false, maxAheadMs: 3_600_000, ...reading } as const;
  return disorderOf(source, new AbortController().signal);
}

describe('the disorder of files', () => {
  it.each([
    { what: 'lines in order', seconds: [0, 1, 1, 20], ms: 0 },
    { what: 'a line behind another', seconds: [0, 30, 11, 31], ms: 19_000 },
    { what: 'the furthest of several', seconds: [0, 30, 29, 40, 1, 39], ms: 39_000 },
    { what: 'a day before at the end', seconds: [0, 10, -86_400, -86_399, -86_404], ms: 5000 },
  ])('is, of $what, $ms ms', async ({ seconds, ms }) => {
    expect(await disorder(seconds.map(request).join(''))).toBe(ms);
  });

  it('is the greatest of a file, not of one after the other', async () => {
    expect(await disorder(request(1000) + request(990), request(10) + request(8))).toBe(10_000);
  });

  it('is that of the first 10,000 lines', async () => {
    const ordered = Array.from({ length: 20_000 }, (_, index) => request(index)).join('');
    expect(await disorder(request(40) + request(0) + ordered)).toBe(40_000);
    expect(await disorder(ordered + request(20_030) + request(20_000))).toBe(0);
  });

  it('is nothing of what cannot be read, which its reader tells', async () => {
    expect(await disorder('', 'what is this\n')).toBe(0);
    const source = { kind: 'files', inputs: [join(folder.path('none'), 'x.log'), '-'], follow: false } as const;
    const reading = { format: 'auto', host: 'unknown', server: 'unknown', excludedPaths: [], maxAheadMs: 3_600_000 };
    expect(await disorderOf({ ...source, ...reading }, new AbortController().signal)).toBe(0);
  });
});

describe('the grace period for a disorder', () => {
  it.each([
    [0, 5000],
    [5000, 5000],
    [5001, 15_000],
    [59_000, 120_000],
    [3_599_000, 3_600_000],
  ])('of %d ms is %d ms', (disorderMs, graceMs) => {
    expect(graceFor(disorderMs, 5000)).toBe(graceMs);
  });
});
