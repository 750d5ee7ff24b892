import { appendFile, rename, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLogs } from '../../../producer/log-source.js';
import { agedPositions, POSITION_RETENTION_MS } from '../../../producer/position-retention.js';
import type { SourcePosition } from '../../../producer/source-position.js';
import { clients, combinedLines, sourceOptions, temporaryFolder, until } from './log-inputs.js';

const DAY_MS = 86_400_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

/** Reads, and keeps positions as the log does. */
class Reader {
  positions = new Map<string, SourcePosition>();
  clients: string[] = [];

  async read(inputs: readonly string[], options: { follow?: boolean; until?: () => boolean } = {}): Promise<void> {
    const stop = new AbortController();
    const { follow = false } = options;
    const reading = { positions: this.positions, follow, signal: stop.signal };
    const ended = (async () => {
      for await (const { events, positions } of readLogs(sourceOptions(inputs, reading))) {
        this.clients.push(...events.map(({ client_ip }) => client_ip));
        const kept = new Map(this.positions);
        for (const [key, position] of positions) {
          if (position === null) kept.delete(key);
          else kept.set(key, JSON.parse(JSON.stringify(position)) as SourcePosition);
        }
        this.positions = kept;
      }
    })();
    if (follow) {
      await until(() => options.until?.() ?? false);
      stop.abort();
    }
    await ended;
  }

  /** As if so many days had gone by since. */
  age(days: number): void {
    const back = (at: number | undefined) => (at === undefined ? {} : { at: at - days * DAY_MS });
    this.positions = new Map(
      [...this.positions].map(([key, { at, seen, ...rest }]) => [
        key,
        { ...rest, ...back(at), ...(seen === undefined ? {} : { seen: seen - days * DAY_MS }) },
      ]),
    );
  }

  get names(): (string | undefined)[] {
    return [...this.positions.values()].map(({ name }) => name);
  }
}

describe('positions in texts', () => {
  it('are deleted a month after their files have gone, and not before', async () => {
    const [gone, stays, away] = ['gone.log', 'stays.log', 'gone.away'].map((name) => folder.path(name)) as [
      string,
      string,
      string,
    ];
    await writeFile(gone, combinedLines(0, 30));
    await writeFile(stays, combinedLines(100, 130));
    const reader = new Reader();
    await reader.read([gone, stays]);
    expect(reader.clients.length).toBe(60);
    await rename(gone, away);
    reader.age(29);
    await reader.read([stays]);
    expect(reader.names.sort()).toEqual([gone, stays]);
    // Within the month it is known when it comes back.
    await rename(away, gone);
    await reader.read([gone, stays]);
    expect(reader.clients.length).toBe(60);
    await rename(gone, away);
    reader.age(31);
    await reader.read([stays]);
    expect(reader.names).toEqual([stays]);
    await rename(away, gone);
    await reader.read([gone]);
    expect(reader.clients.slice(60)).toEqual(clients(0, 30));
  });

  it.each([false, true])('stay as long as their files are there, followed: %s', async (follow) => {
    const path = folder.path(`there-${follow}.log`);
    await writeFile(path, combinedLines(0, 30));
    const reader = new Reader();
    await reader.read([path]);
    for (let month = 0; month < 3; month++) {
      reader.age(25);
      const before = Date.now();
      const isSeen = () => [...reader.positions.values()].every(({ seen = 0 }) => seen >= before);
      await reader.read([path], { follow, until: isSeen });
      expect(isSeen()).toBe(true);
    }
    await appendFile(path, combinedLines(30, 31));
    await reader.read([path]);
    expect(reader.clients).toEqual(clients(0, 31));
    expect([...reader.positions.values()].map(({ seen }) => seen)).toEqual([undefined]);
  });

  it('of older versions, which say no time, count from now on', () => {
    const old = { prefixBytes: 5, prefixHash: 'a', offset: 5, lines: 1 };
    const now = 10 * POSITION_RETENTION_MS;
    const changed = agedPositions(new Map([['/var/log/a', old]]), new Set(), now);
    expect([...changed]).toEqual([['/var/log/a', { ...old, seen: now }]]);
    expect([...agedPositions(new Map([...changed] as [string, SourcePosition][]), new Set(), now + 1)]).toEqual([]);
  });
});
