import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { AutoFormat } from '../../../producer/formats/auto.js';
import { FORWARDED_FOR, RequestFields, ServiceFields } from '../../../producer/formats/line-format.js';
import { Committed } from './log-inputs.js';

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));

const requestOf = (line: string) => {
  const fields = new AutoFormat({ forwarded: FORWARDED_FOR, keepsDetails: true }).read(line);
  if (!(fields instanceof RequestFields)) throw new Error(`no request: ${JSON.stringify(fields)}`);
  return fields;
};

describe('lines of HAProxy 2.6 with httplog, httplog clf, httpslog and tcplog, behind the header of syslog', () => {
  it('are requests, but for those of connections', async () => {
    const committed = new Committed();
    await committed.read(fixture('haproxy.log'), { details: () => true });
    expect(committed.badLines).toEqual([]);
    const serviceLogs = committed.batches.flatMap((batch) => batch.serviceLogs);
    expect(serviceLogs.map(({ service, message }) => [service, message?.includes('tcpapp/app1')])).toEqual([
      ['haproxy', true],
    ]);
    // By: grep -oP '(?<=/)\d+ \K\d{3}(?= \d+ - -)|HTTP/1.1" \K\d{3}(?= \d+ "")'
    expect(committed.events.map(({ status }) => status)).toEqual(
      [200, 404, 500, 200, 403, 503, 200, 200, 404, 500, 200, 200, 200, 200].concat([
        200, 404, 500, 200, 200, 200, 200, 200, 400, 200, 200,
      ]),
    );
  });

  it('say what was asked for, how long it took, and where', async () => {
    const lines = (await readFile(fixture('haproxy.log'), 'utf8')).split('\n');
    const found = (text: string) => requestOf(lines.find((line) => line.includes(text)) ?? '');
    expect(found(' web app/app1 0/0/1/31/32')).toMatchObject({
      client: '127.0.0.1',
      time: '30/Nov/2026:01:08:58.936',
      server: 'web',
      request: 'GET /missing?a=1&b=%20x HTTP/1.1',
      status: '404',
      bytes: '446',
      requestTime: 0.032,
      upstreamTime: 0.031,
    });
    expect(found(' web app/app1 0/0/0/2/2').request).toBe('GET /q"uote HTTP/1.1');
    expect(found(' down/gone ')).toMatchObject({ status: '503', requestTime: 3.007, upstreamTime: undefined });
    expect(found('/tls HTTP')).toMatchObject({ server: 'secure', tls: 'TLSv1.3' });
    expect(found('57034 030 "clf"')).toMatchObject({ server: 'clf', requestTime: 0.334, status: '200', bytes: '105' });
  });

  it('say the host where the request or the name of TLS does, and are read where the request was cut off', () => {
    const begin = '2001:db8::7:443 [07/Mar/2026:11:05:03.186] www~ app/s1 0/0/1/8/9 200 99 - - ---- 1/1/0/0/0 0/0';
    expect(requestOf(`${begin} "GET https://shop.example:8443/a?b=1 HTTP/2.0"`)).toMatchObject({
      client: '2001:db8::7',
      host: 'shop.example',
      path: '/a?b=1',
    });
    const secured = `${begin} "GET /a HTTP/1.1" 0/0000000000000000/0/0/0 shop.example/TLSv1.2/ECDHE-RSA-AES128`;
    expect(requestOf(secured)).toMatchObject({ host: 'shop.example', tls: 'TLSv1.2' });
    expect(requestOf(`${begin} {a|b} {} "GET /${'x'.repeat(900)}`).status).toBe('200');
  });
});

describe("lines of Squid 5.7 in its own format, also with the headers' text", () => {
  it('are requests', async () => {
    const committed = new Committed();
    await committed.read(fixture('squid.log'), { details: () => true });
    expect(committed.badLines).toEqual([]);
    expect(committed.events.map(({ status }) => status)).toEqual([200, 404, 500, 200, 503, 502, 503, 400, 200]);
    expect(committed.events[3]).toMatchObject({
      client_ip: '127.0.0.1',
      timestamp: 1796000952070,
      request_time: 0.316,
      method: 'GET',
      host: '127.0.0.1',
      path: '/slow',
      bytes: 186,
      user_agent: 'curl/7.88.1',
    });
    expect(committed.events[6]).toMatchObject({ method: 'CONNECT', host: '127.0.0.1' });
  });

  it('say who was signed in, and need no answer', () => {
    const line = '1286536310.430   2 192.0.2.9 TCP_MISS_ABORTED/000 0 GET https://u:p@shop.example/ ann HIER_NONE/- -';
    expect(requestOf(line)).toMatchObject({ host: 'shop.example', path: '/', user: 'ann', status: '000' });
  });
});

it("the size of a common line counts before what Squid's cache did, and before Tomcat's duration", () => {
  const line = '192.0.2.1 - - [07/Mar/2026:11:05:03 +0000] "GET /a HTTP/1.1" 200 524';
  expect(requestOf(`${line} TCP_MISS:HIER_DIRECT`).bytes).toBe('524');
  expect(requestOf(`${line} 17`).bytes).toBe('524');
  expect(requestOf('192.0.2.1 - - [07/Mar/2026:11:05:03 +0000] "GET /a HTTP/1.1" 200 0.142 a.example')).toMatchObject({
    bytes: undefined,
    requestTime: '0.142',
    host: 'a.example',
  });
});

it('a text in the header of syslog is told as such', () => {
  const told: string[] = [];
  const format = new AutoFormat({ forwarded: FORWARDED_FOR, onDecision: (message) => told.push(message) });
  for (let n = 0; n < 20; n++) {
    expect(format.read(`<134>Nov 30 01:08:58 db1 backup[7]: step ${n} is done`)).toBeInstanceOf(ServiceFields);
  }
  expect(told).toEqual([expect.stringContaining('taken for plain text in a wrapper, as 20 of the first 20 lines')]);
});
