import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chosenFormat } from '../../../producer/formats/known-formats.js';
import { LineRefusal, RequestFields } from '../../../producer/formats/line-format.js';
import { ProducerError } from '../../../producer/producer-error.js';
import { event, read } from './events.js';

/** By hand: FUZZ_RUNS=1000000 npx vitest run test/unit/producer/formats.fuzz.test.ts */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 2000);
const SEED = 20_260_301;
const options = { numRuns: RUNS, seed: SEED };
const TIMEOUT_MS = 60_000 + RUNS * 10;

/** What a server writes for a variable, and a client where it is the client's to say. */
const WRITTEN: Readonly<Record<string, fc.Arbitrary<string>>> = {
  remote_addr: fc.oneof(fc.ipV4(), fc.ipV6()),
  remote_port: fc.integer({ min: 1, max: 65_535 }).map(String),
  remote_user: fc.constantFrom('-', 'jane', 'j.doe@example.com'),
  time_local: fc.constantFrom('17/May/2015:10:05:03 +0000', '01/Jan/2020:00:00:00 -0530'),
  time_iso8601: fc.constantFrom('2015-05-17T10:05:03+00:00', '2020-01-01T00:00:00-05:30'),
  msec: fc.constantFrom('1431857103.000', '1577836800.999'),
  status: fc.integer({ min: 100, max: 599 }).map(String),
  request_time: fc.integer({ min: 0, max: 99_999 }).map((ms) => (ms / 1000).toFixed(3)),
  body_bytes_sent: fc.integer({ min: 0, max: 1_000_000 }).map(String),
  request: fc.constantFrom('GET / HTTP/1.1', 'POST /a?b=c|d,e HTTP/2.0', 'HEAD /x:y;z HTTP/1.0'),
  host: fc.constantFrom('shop.example', 'a-b-1.example', 'localhost', '[2001:db8::1]'),
  hostname: fc.constantFrom('web-1', 'edge.eu-1', 'h'),
  pid: fc.integer({ min: 1, max: 99_999 }).map(String),
  upstream_addr: fc.constantFrom('-', '10.0.0.1:80', '10.0.0.1:80, 10.0.0.2:80', '[2001:db8::1]:80 : 10.0.0.2:80'),
  upstream_response_time: fc.constantFrom('-', '0.001', '0.001, 0.002', '0.1 : 0.2'),
  http_referer: fc.constantFrom('-', 'https://shop.example/a?b'),
  http_user_agent: fc.constantFrom('-', 'curl/8', 'Mozilla/5.0 (X11; Linux x86_64) 200 0.001 x', 'a, b: c|d - e'),
  http_x_forwarded_for: fc.constantFrom('-', '203.0.113.5', '203.0.113.5, 10.0.0.1'),
};
/** A client can write them, with anything in them: as people write formats, between quotes. */
const QUOTED = new Set(['request', 'http_referer', 'http_user_agent', 'http_x_forwarded_for', 'remote_user']);
const NEEDED = ['remote_addr', 'status'];
const OTHERS = Object.keys(WRITTEN).filter((name) => !NEEDED.includes(name) && !/^(time|msec)/.test(name));

/** A format of variables between separators, and a line that a server would write with it. */
const formatAndLine = fc
  .record({
    time: fc.constantFrom('time_local', 'time_iso8601', 'msec'),
    others: fc.shuffledSubarray(OTHERS),
    order: fc.integer({ min: 0, max: 1_000_000 }),
    separator: fc.constantFrom(' ', '|', '\t', ' - ', '; '),
  })
  .chain(({ time, others, order, separator }) => {
    const names = [...NEEDED, `${time}`, ...others].sort((a, b) => rank(a, order) - rank(b, order));
    return fc
      .record(Object.fromEntries(names.map((name) => [name, WRITTEN[name] as fc.Arbitrary<string>])))
      .map((written) => {
        const part = (name: string, text: string) => (QUOTED.has(name) ? `"${text}"` : `[${text}]`);
        return {
          format: names.map((name) => part(name, `$${name}`)).join(separator),
          line: names.map((name) => part(name, written[name] ?? '')).join(separator),
          written,
        };
      });
  });

function rank(name: string, order: number): number {
  let hash = order;
  for (const character of name) hash = Math.imul(hash ^ character.charCodeAt(0), 0x9e3779b1);
  return hash >>> 0;
}

const variable = fc.constantFrom(...Object.keys(WRITTEN), 'uri', 'scheme', 'server_name', 'request_uri', 'unheard_of');
/** Any text that could be meant as a format, also such as nobody would write. */
const anyFormat = fc
  .array(
    fc.oneof(
      variable.map((name) => `$${name}`),
      fc.constantFrom(' ', '"', ': ', '|', ' - ', '[', ']', ', ', 'a', '://'),
    ),
    {
      maxLength: 24,
    },
  )
  .map((parts) => `$remote_addr $msec ${parts.join('')}`);
/** Lines that are nearly right, or repeat what could be taken in many ways. */
const piece = fc.constantFrom(
  '1.2.3.4',
  '1431857103.5',
  ' ',
  '"',
  ': ',
  ', ',
  ' : ',
  'a',
  '|',
  '-',
  '[',
  ']',
  '\\',
  '200',
  '0.1',
  'GET / HTTP/1.1',
  '\u0000',
  'é',
  '2001:db8::1',
  '{',
  '}',
);
const anyLine = fc.oneof(
  fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
  fc.array(piece, { maxLength: 40 }).map((pieces) => `1.2.3.4 1431857103.5 ${pieces.join('')}`),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

describe('any format and any line', () => {
  it(
    'what a server writes with a format is read back',
    () => {
      fc.assert(
        fc.property(formatAndLine, ({ format, line, written }) => {
          const made = event(format, line, { from: 'remote_addr', trustedProxies: [] });
          expect(made.status).toBe(Number(written['status']));
          if (written['request_time'] !== undefined) expect(made.request_time).toBe(Number(written['request_time']));
          if (written['host'] !== undefined) expect(made.host).toBe(written['host']);
          if (written['hostname'] !== undefined) expect(made.server).toBe(written['hostname']);
          if (written['body_bytes_sent'] !== undefined) expect(made.bytes).toBe(Number(written['body_bytes_sent']));
        }),
        options,
      );
    },
    TIMEOUT_MS,
  );

  it(
    'nothing throws but a format that is refused, and every line is fields or a refusal',
    () => {
      fc.assert(
        fc.property(anyFormat, anyLine, (format, line) => {
          try {
            const fields = chosenFormat(format).format.read(line);
            expect(fields instanceof RequestFields || fields instanceof LineRefusal).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(ProducerError);
          }
          for (const name of ['auto', 'json', 'ltsv', 'combined']) read(name, line);
        }),
        options,
      );
    },
    TIMEOUT_MS,
  );

  it(
    '64 KB of what could be taken in many ways are read or refused at once',
    () => {
      const formats = [
        'auto',
        '$http_user_agent $status $http_referer $remote_addr $msec $uri',
        '$remote_addr $msec $upstream_addr: $request $host-$pid: $http_cookie; $status',
      ];
      fc.assert(
        fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), fc.constantFrom(...formats), (pieces, format) => {
          const { format: chosen } = chosenFormat(format);
          const lineOf = (length: number) =>
            `1.2.3.4 1431857103.5 ${pieces.join('').repeat(Math.ceil(length / pieces.join('').length))}`;
          const timeOf = (length: number) => {
            const line = lineOf(length);
            const times = [1, 2, 3].map(() => {
              const start = performance.now();
              chosen.read(line);
              return performance.now() - start;
            });
            return Math.min(...times);
          };
          const ms = timeOf(65_536);
          // However busy the machine is, what is eight times as long takes 8 times as long, and 64 times if it is quadratic.
          if (ms > 100) expect(ms / timeOf(8_192)).toBeLessThan(24);
        }),
        { numRuns: Math.min(RUNS, 100), seed: SEED },
      );
    },
    TIMEOUT_MS,
  );
});
