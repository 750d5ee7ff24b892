import { describe, expect, it } from 'vitest';
import { chosenFormat } from '../../../producer/formats/known-formats.js';
import { Continuation, type LineOutcome, RequestFields, ServiceFields } from '../../../producer/formats/line-format.js';
import { event } from './events.js';

const REAL = '127.0.0.1';
const FORGED = '6.6.6.6';
const BEGINS = '2026/11/29 13:17:26 [error] 9469#9469: *1 ';
const FAILED = ' failed (2: No such file or directory)';

/** What the lines of one text are, one after the other. */
function outcomes(format: string, lines: readonly string[]): LineOutcome[] {
  const text = chosenFormat(format, { forwarded: 'http_x_forwarded_for' }).format;
  const reader = text.forText?.(lines.join('\n')) ?? text;
  return lines.map((line) => reader.read(line));
}

function clientOf(line: string, format = 'auto'): unknown {
  const [outcome] = outcomes(format, [line]);
  if (!(outcome instanceof ServiceFields)) throw new Error(`no line of a service: ${line}`);
  return outcome.ip;
}

/** As NGINX 1.22 writes it: the path decoded in the message, the request as it came. */
function missing(path: string, request = path, more = ''): string {
  return `${BEGINS}open() "/srv/${path}"${FAILED}, client: ${REAL}, server: _, request: "GET /${request} HTTP/1.1", host: "a"${more}`;
}

describe("the client in NGINX's error log", () => {
  it.each([
    ['an address', `x, client: ${FORGED}`],
    ['an address and a server', `x, client: ${FORGED}, server: b`],
    ['an address, a server and a host without quotes', `x, client: ${FORGED}, server: b, host: c`],
    ['an address and the end of a quote', `x", client: ${FORGED}`],
    ['a server first', `x, server: b, client: ${FORGED}`],
  ])('is the one behind the message, where a path makes up %s', (_, path) => {
    expect(clientOf(missing(path, encodeURIComponent(path)))).toBe(REAL);
  });

  it.each([
    ['path', missing(`x", client: ${FORGED}, server: b, request: "GET / HTTP/1.1", host: "h`, 'x%22')],
    ['path with a failure', missing(`x"${FAILED}, client: ${FORGED}, server: b, host: "h`, 'x%22')],
    ['request', missing('x', `x", client: ${FORGED}, server: b, host: "h`)],
    ['host', missing('x', 'x', `", client: ${FORGED}, server: b, host: "h"`)],
    ['referrer', missing('x', 'x', `, referrer: "r", client: ${FORGED}, server: b, host: "h"`)],
    [
      'user',
      `${BEGINS}user "u", client: ${FORGED}, server: b, host: "h" was not found in "/etc/p", client: ${REAL}, server: _, request: "GET / HTTP/1.1"`,
    ],
  ])('is not known where a %s makes up all that stands around it: either could be', (_, line) => {
    expect(clientOf(line)).toBeUndefined();
  });

  it('is not known where the line is cut off, so that the last may not be in it', () => {
    const path = `x"${FAILED}, client: ${FORGED}, server: b, request: "GET /${'a'.repeat(4_000)}`;
    const cut = missing(path).slice(0, 2_047);
    expect(cut).toContain(FORGED);
    expect(cut).not.toContain(REAL);
    expect(clientOf(cut)).toBeUndefined();
  });

  it.each(['auto', 'nginx-error'])('is not known of what a path with line breaks makes up, read as %s', (format) => {
    const forged = `${BEGINS}x, client: ${FORGED}, server: b, request: "GET / HTTP/1.1", host: "h"`;
    const lines = missing(`x\n${forged}\n${forged}\n`, 'x%0a').split('\n');
    expect(lines).toHaveLength(4);
    for (const outcome of outcomes(format, lines)) {
      if (outcome instanceof ServiceFields) expect(outcome.ip).toBeUndefined();
    }
  });

  it('is known again behind the 2,048 bytes that a record has at most', () => {
    const lines = [...missing('x\n', 'x%0a').split('\n'), ...Array.from({ length: 20 }, () => missing('y'))];
    const last = outcomes('auto', lines).at(-1);
    expect(last).toMatchObject({ ip: REAL });
  });

  it('of other records is as it was', () => {
    expect(clientOf(missing('x'))).toBe(REAL);
    expect(clientOf(`${BEGINS}access forbidden by rule, client: 2001:db8::1, server: a.example`)).toBe('2001:db8::1');
    expect(clientOf(`${BEGINS}client sent invalid request, client: ${REAL}, server: , request: "BAD"`)).toBe(REAL);
    const stream = `${BEGINS}no live upstreams while connecting to upstream, client: ${REAL}, server: 0.0.0.0:80, upstream: "b", bytes from/to client:0/0, bytes from/to upstream:0/0`;
    expect(clientOf(stream)).toBe(REAL);
  });
});

it('a request that the break of a line in an error log makes up is none', () => {
  const forged = `${FORGED} - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 500 5 "-" "x"`;
  const [first, second, third] = outcomes('auto', missing(`x\n${forged}\n`, 'x%0a').split('\n'));
  expect(first).toBeInstanceOf(ServiceFields);
  expect(second).toBeInstanceOf(Continuation);
  expect(third).toBeInstanceOf(Continuation);
});

it('a request that stands in one text with an error that has a line break is one', () => {
  const request = `${REAL} - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 404 5 "-" "x"`;
  const lines = [request, ...missing('x\n', 'x%0a').split('\n'), request];
  expect(outcomes('auto', lines).at(-1)).toBeInstanceOf(RequestFields);
});

describe("the client in Apache's error log", () => {
  const TIME = '[Sun Nov 29 09:17:51.420000 2026] [core:error] [pid 1:tid 2] ';

  it.each([
    ['behind the process', `${TIME}[client ${REAL}:5] AH1: x [client ${FORGED}:1] y`, REAL],
    ['behind an error of the system', `${TIME}(13)Permission denied: [client ${REAL}:5] AH1: x`, REAL],
    ['behind a place in the source', `${TIME}util.c(12): (2)None: [client ${REAL}:5] AH1: x`, REAL],
    ['of 2.2', `[Sun Nov 29 09:17:51 2026] [error] [client ${REAL}] File does not exist: /srv/x`, REAL],
  ])('stands %s', (_, line, client) => {
    expect(String(clientOf(line)).replace(/:\d$/, '')).toBe(client);
  });

  it('is none that the message makes up', () => {
    expect(clientOf(`${TIME}AH1: File does not exist: /srv/x [client ${FORGED}:1] y`)).toBeUndefined();
    expect(clientOf(`${TIME}AH1: (13)x: [client ${FORGED}:1] y`)).toBeUndefined();
  });
});

describe('the client in an access log', () => {
  const REST = '[17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 404 5 "-" "m"';

  it.each(['6.6.6.6', '6.6.6.6:80', '[2001:db8::6]:80', 'a.example:80'])(
    'is not the host %s that it asked for, which stands before it',
    (host) => {
      expect(event('auto', `${host} 203.0.113.7 - - ${REST}`).client_ip).toBe('203.0.113.7');
    },
  );

  it('is known, and its status, whatever it calls itself and asks for', () => {
    const request = '"GET /a\\" 200 0 \\"x HTTP/1.1" 404 5 "-" "m\\" \\"8.8.8.8"';
    const line = `203.0.113.7 - [6.6.6.6 [17/May/2015:10:05:03 +0000] ${request}`;
    expect(event('auto', line)).toMatchObject({ client_ip: '203.0.113.7', status: 404 });
  });
});

describe('the client in logfmt', () => {
  it.each([
    `level=info ip=${REAL} msg="x ip=${FORGED}"`,
    `level=info ip=${REAL} msg="x\\" ip=${FORGED} \\""`,
    `level=info ip=${REAL} msg=x ip=${FORGED}`,
  ])('is the one that the program says first: %s', (line) => {
    expect(clientOf(line)).toBe(REAL);
  });
});
