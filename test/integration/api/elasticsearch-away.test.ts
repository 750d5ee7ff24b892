import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RecordRing } from '../../../api/live/record-ring.js';
import { StoredInElasticsearch } from '../../../api/search/elasticsearch/stored-in-elasticsearch.js';
import { findLines } from '../../../api/search/lines.js';
import { storedCounts } from '../../../api/search/stored-counts.js';
import { HttpService } from '../../../connectors/http-service.js';
import { SearchedLines, serviceLine } from './searched-lines.js';

const START_MS = Date.UTC(2026, 0, 31, 21);
const ALL = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

let lines: SearchedLines;
let server: Server;
/** What it answers; undefined: nothing. */
let answer: { readonly status: number; readonly body: unknown } | 'reset' | undefined;
let asked = 0;

beforeEach(async () => {
  asked = 0;
  lines = await SearchedLines.open('serviceLogs', 1);
  const written = ['INFO', 'ERROR', 'ERROR'].map((level, n) => serviceLine(START_MS + n, { level }));
  await lines.write(written.map((value) => ({ partition: 0, value })));
  server = createServer((request, response) => {
    asked++;
    if (answer === 'reset') request.socket.destroy();
    if (answer === undefined || answer === 'reset') return;
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await lines.close();
});

/** A memory that holds the newest of three lines. */
async function stores() {
  const [, , newest] = await lines.read();
  const ring = new RecordRing(1);
  ring.begin(0, 2);
  if (newest !== undefined) ring.add(newest, 1);
  const { port } = server.address() as AddressInfo;
  const url = `http://ada:secret@127.0.0.1:${port}`;
  const service = new HttpService({ name: 'Elasticsearch', url, waitMs: 0 });
  return lines.storesOf(ring, [new StoredInElasticsearch(service, lines.log)]);
}

const search = (q: string, signal = new AbortController().signal) =>
  ({ source: 'services', q, range: ALL, toleratesAway: true, signal }) as const;

describe('an Elasticsearch that does not answer as one', () => {
  it.each([
    [{ status: 503, body: { error: { reason: 'all shards failed' } } }, /is not ready: .*HTTP 503: all shards failed/],
    [{ status: 401, body: { error: { reason: 'missing credentials' } } }, /refuses: .*HTTP 401: missing credentials/],
    [{ status: 200, body: { name: 'something else' } }, /what answers there is no Elasticsearch/],
  ])('leaves memory to answer, and says why it is alone (%#)', async (given, why) => {
    answer = given;
    const asks = await stores();
    const found = await findLines(asks, search('level:ERROR'));
    expect(found.records.map(({ offset }) => offset)).toEqual([2]);
    expect(found.searched).toMatchObject({ store: 'live', limited: true, unavailable: expect.stringMatching(why) });
    expect(found.searched.unavailable).not.toMatch(/127[.]0[.]0[.]1|secret/);
    const live = await findLines(asks, { ...search('level:ERROR'), stored: false });
    const range = { from: START_MS, to: START_MS + 10 };
    expect((await storedCounts(asks, { ...search('level:ERROR'), range }, live, 1_000)).searched).toMatchObject({
      ...{ store: 'live', limited: true, unavailable: expect.stringMatching(why) },
    });
  });

  it('is a problem where memory has no line, or cannot be the answer', async () => {
    answer = { status: 503, body: {} };
    const problem = { status: 503, code: 'elasticsearch-failed', more: { retryAfterSeconds: 5 } };
    await expect(findLines(await stores(), search('level:INFO'))).rejects.toMatchObject(problem);
    const whole = { ...search('level:ERROR'), toleratesAway: false };
    await expect(findLines(await stores(), whole)).rejects.toMatchObject(problem);
  });

  it('is not asked again at once while it is away', async () => {
    answer = 'reset';
    const asks = await stores();
    for (let n = 0; n < 3; n++) {
      expect((await findLines(asks, search(''))).searched.unavailable).toMatch(/Elasticsearch does not answer/);
    }
    expect(asked).toBe(1);
  });

  it('is left when whoever searches has gone', async () => {
    answer = undefined;
    const gone = new AbortController();
    const left = findLines(await stores(), search('', gone.signal));
    setTimeout(() => gone.abort(new Error('gone')), 50);
    await expect(left).rejects.toThrow('gone');
  });
});
