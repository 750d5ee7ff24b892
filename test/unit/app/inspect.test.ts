import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectFile } from '../../../app/ingestion/inspect-file.js';
import type { Inspection } from '../../../app/ingestion/inspection.js';
import { serviceFromFile } from '../../../app/ingestion/service-from-file.js';
import { temporaryFolder } from '../producer/log-inputs.js';

const FOLDER = new URL('../../fixtures/dialects/', import.meta.url).pathname;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

function inspect(path: string): Promise<Inspection> {
  const options = { format: 'auto', host: 'unknown', server: 'unknown' };
  return inspectFile(path, options, 10_000, new AbortController().signal);
}

async function inspectText(name: string, text: string | Buffer): Promise<Inspection> {
  await writeFile(folder.path(name), text);
  return inspect(folder.path(name));
}

describe('inspecting a file', () => {
  it('says which fields its events have, which format reads the most lines, and what --map would say', async () => {
    const { guesses, kinds, map, refused } = await inspect(`${FOLDER}pino.log`);
    expect(refused.total).toBe(0);
    expect(guesses[0]).toEqual({ format: 'json', read: 4, of: 4 });
    expect(kinds.map(({ events, kind }) => [kind, events])).toEqual([['service logs', 4]]);
    const fields = new Map(kinds[0]?.fields.map(({ first, name, present }) => [name, [present, first]]));
    expect(fields.get('service')).toEqual([4, 'auth-service']);
    expect(fields.get('user_id')).toEqual([1, 'u1']);
    expect(fields.get('response_time')).toEqual([0, null]);
    expect(map).toBe('time=time,service=name,level=level,message=msg,source=hostname');
  });

  it('counts what is refused by its reason, with the first lines', async () => {
    const { kinds, refused } = await inspectText('refused.log', 'what is this\nwhat is that\n{"status":\n');
    expect(kinds).toEqual([]);
    expect(refused.counts).toEqual([
      ['not-in-format', 2],
      ['not-json', 1],
    ]);
    expect(refused.first[0]).toMatchObject({ line: 1, text: 'what is this' });
  });

  it('tells of each kind in a file of several', async () => {
    const access = '203.0.113.5 - - [07/Mar/2024:11:05:01 +0000] "GET / HTTP/1.1" 200 5';
    const { kinds } = await inspectText(
      'mixed.log',
      `${access}\r\n2024-03-07T11:05:01Z ERROR boom\r\n{"sensor_id":"a","temperature":1,"timestamp":1709809501}\r\n`,
    );
    expect(kinds.map(({ events, kind }) => [kind, events])).toEqual([
      ['requests', 1],
      ['service logs', 1],
      ['sensor readings', 1],
    ]);
  });

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['no text', Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 37) & 0xff))],
    ['half a line', Buffer.from('{"level":30,"time":17958')],
  ])('ends, without an event, on a file that holds %s', async (_what, bytes) => {
    const { kinds } = await inspectText('odd.log', bytes);
    expect(kinds).toEqual([]);
  });

  it('reads UTF-16 as it reads UTF-8', async () => {
    const text = '\ufeff2024-03-07T11:05:01Z ERROR boom\n';
    const { kinds } = await inspectText('utf16.log', Buffer.from(text, 'utf16le'));
    expect(kinds[0]?.fields.find(({ name }) => name === 'message')?.first).toBe('boom');
  });
});

describe('the service by the name of a file', () => {
  it.each([
    ['/var/log/payment-service.log', 'payment-service'],
    ['/var/log/payment-service.log.2.gz', 'payment-service'],
    ['/var/log/payment-service-20240307.log', 'payment-service'],
    [`/var/log/containers/cart-6f_shop_cart-${'0'.repeat(64)}.log`, 'cart'],
    ['/srv/pump-2.csv', 'pump-2'],
    ['/srv/pump-2_2024-03-07.csv.gz', 'pump-2'],
    ['/srv/pump-20240307.csv.1', 'pump'],
    ['/var/log/syslog', undefined],
    ['-', undefined],
  ])('%s', (path, service) => {
    expect(serviceFromFile(path)).toBe(service);
  });
});
