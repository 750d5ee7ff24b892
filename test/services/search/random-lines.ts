import type { Random } from '../../../producer/random.js';
import { serviceLine, type WrittenLine } from '../../integration/api/searched-lines.js';

export const START_MS = Date.UTC(2026, 0, 31, 21);
export const PARTITIONS = 3;
/** Of all lines; few, so that many have the same. */
const TIMES = 40;
const STEP_MS = 997;

const pick = <Item>(random: Random, items: readonly Item[]): Item => items[random.below(items.length)] as Item;

const MESSAGES = [
  ...['connection refused by upstream', 'Timeout after 30 s', 'user İstanbul signed in', 'größe der Datei: 12 MB'],
  ...[
    'disk 97% full*',
    'path C:\\tmp\\x?',
    'GET /a b',
    'a "quoted" word',
    '日本語 の ログ',
    'retry 10.0.0.7 soon',
    'null',
    '',
  ],
];
const ADDRESSES = [
  '10.0.0.7',
  '10.0.0.70',
  '210.0.0.7',
  '10.1.2.3',
  '192.168.0.1',
  '2001:db8::1',
  '::1',
  'gateway.example',
  '-',
];
const ATTRIBUTES = [
  null,
  null,
  { region: 'eu-1' },
  { region: 'EU-2', 'retry-count': '3' },
  { note: 'timeout of a job' },
];

/** Lines of services with what an index may read otherwise than a search does. */
export function serviceLines(random: Random, count: number): WrittenLine[] {
  return Array.from({ length: count }, () => ({
    partition: random.below(PARTITIONS),
    value: serviceLine(START_MS + random.below(TIMES) * STEP_MS, {
      service: pick(random, ['auth', 'auth-api', 'Cart', 'größe', 'null']),
      level: pick(random, ['INFO', 'INFO', 'ERROR', 'warn']),
      message: pick(random, MESSAGES) + (random.below(8) === 0 ? ' x'.repeat(700) : ''),
      response_time: pick(random, [null, 0.5, 12, 12.5, 400, 1e-7, 1e21]),
      status: pick(random, [null, 4, 40, 200, 404, 499, 500, -4]),
      bytes: pick(random, [null, 0, 17, 4_000_000_000]),
      ip: pick(random, [null, ...ADDRESSES]),
      endpoint: pick(random, [null, '/login', '/a b', '/Über']),
      is_anomaly: random.below(4) === 0,
      trace_id: pick(random, [null, 'T-1', 't-2']),
      attributes: pick(random, ATTRIBUTES),
    }),
  }));
}

/** Requests of the same kind. */
export function requestLines(random: Random, count: number): WrittenLine[] {
  return Array.from({ length: count }, () => {
    const base = {
      ...{ server: 'web-1', client_ip: pick(random, ADDRESSES), method: pick(random, ['GET', 'POST']), country: 'DE' },
      ...{ status: pick(random, [0, 200, 204, 301, 404, 503]), request_time: pick(random, [null, 0.25, 3]) },
      ...{ host: pick(random, ['shop.example', 'Blog.example']), bytes: pick(random, [null, 5, 500]) },
      ...{ path: pick(random, [null, '/', '/Login', '/a/b']), query: pick(random, [null, 'a=1', 'q=*']) },
      ...{
        user_agent: pick(random, [null, 'curl/8', 'Mozilla/5.0']),
        referrer: null,
        user: pick(random, [null, 'ada']),
      },
      ...{ upstream_time: pick(random, [null, 0.125]), protocol: 'HTTP/1.1', tls: null, request_id: null },
    };
    return {
      partition: random.below(PARTITIONS),
      value: { ...base, timestamp: START_MS + random.below(TIMES) * STEP_MS },
    };
  });
}

const VALUES: Readonly<Record<string, readonly string[]>> = {
  level: ['ERROR', 'error', 'warn,info', 'E*', '*r*', '>1'],
  service: ['auth', 'auth-*', 'cart', 'GRÖSSE', 'größe', 'gr*e', 'null', '*', '""'],
  message: [
    'timeout',
    '"connection refused"',
    'İstanbul',
    '"größe"',
    '97%',
    '*full\\*',
    '"x x x"',
    'C:\\tmp*',
    '日本',
    'null',
    '*',
  ],
  response_time: ['12', '12.0', '12.5', '>12', '<=12', '0.5..12.5', '1*', 'null', 'abc', '1e-7', '<0'],
  status: [
    '404',
    '0404',
    '>404',
    '>=404.5',
    '<40',
    '4..404',
    '4*',
    '40*',
    '*4',
    'null',
    '99999999999',
    '<99999999999',
    '-4',
  ],
  bytes: ['17', '>17', '0', '4*', 'null', '4000000000'],
  ip: ['10.0.0.7', '10.0.*', '10.*.7', '2001:DB8::1', 'gateway.example', '-', 'null', '*7', '10.0.0', '300.*'],
  client_ip: ['10.0.0.7', '10.0.*', '*.7', '::1', 'gate*', '"-"', 'null'],
  endpoint: ['/login', '/LOGIN', '"/a b"', '/über', 'null', '/*'],
  is_anomaly: ['true', 'FALSE', 't*', '*e', 'yes', 'null'],
  trace_id: ['t-1', 'T*', 'null'],
  host: ['shop.example', 'blog.*', 'null'],
  path: ['/login', '/*', '/', 'null'],
  query: ['a=1', '"q=*"', 'null'],
  user_agent: ['curl/8', 'moz*', 'null'],
  request_time: ['>0.1', '0.25', 'null'],
  attributes: ['null', '*eu*'],
  'attributes.region': ['eu-1', 'EU-*', 'null', '>2'],
  'attributes.retry-count': ['>2', '3', '2..3'],
  nothing: ['null', 'x', '*'],
  timestamp: [`>${START_MS + 10 * STEP_MS}`, 'null'],
};
const WORDS = [
  ...[
    'timeout',
    'refused',
    '"by upstream"',
    '10.0.0.7',
    '10.0',
    '404',
    'dead',
    'GRÖSSE',
    'İstanbul',
    'eu-1',
    'gate*le',
  ],
  ...['curl', 'login', 'x', '97%', 'full\\*', '"a b"', 'null', 'a*b*c', 'nowhere', '日本語', 'web-1', 'shop', '*'],
];

/** A search of up to three terms. */
export function randomSearch(random: Random): string {
  return Array.from({ length: 1 + random.below(3) }, () => {
    const sign = random.below(4) === 0 ? '-' : '';
    if (random.below(4) === 0) return sign + pick(random, WORDS);
    const field = pick(random, Object.keys(VALUES));
    return `${sign}${field}:${pick(random, VALUES[field] ?? ['*'])}`;
  }).join(' ');
}
