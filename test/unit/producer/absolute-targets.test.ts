import { describe, expect, it } from 'vitest';
import { EventBuilder } from '../../../producer/event-builder.js';
import { chosenFormat } from '../../../producer/formats/known-formats.js';
import { RequestFields } from '../../../producer/formats/line-format.js';

const TIME = '07/Mar/2024:11:05:01 +0000';

/** What a line says of whom was asked, and for what; the host is `default` where it does not say. */
function asked(line: string, format = 'auto'): unknown {
  const fields = chosenFormat(format, { keepsDetails: true }).format.read(line);
  if (!(fields instanceof RequestFields)) throw new Error(String(fields));
  const builder = new EventBuilder({ host: 'default', server: 's', maxFutureMs: 86_400_000, details: () => true });
  const { host, method, path, query } = builder.build(fields) as unknown as Record<string, unknown>;
  return [method, host, path, query];
}
const combined = (request: string) => `203.0.113.5 - - [${TIME}] "${request}" 200 5 "-" "curl/8"`;

describe('a request whose target is a whole URL (RFC 9112, 3.2.2)', () => {
  const EXPECTED = ['GET', 'shop.example', '/a', 'b=1'];

  it.each([
    ['combined', combined('GET http://shop.example/a?b=1 HTTP/1.1')],
    ['with a port and a user', combined('GET https://u:p@Shop.Example:8443/a?b=1 HTTP/1.1')],
    ['of Squid, as common', `${combined('GET http://shop.example/a?b=1 HTTP/1.1').slice(0, -13)} TCP_MISS:HIER_DIRECT`],
    [
      "in NGINX's JSON",
      `{"remote_addr":"1.2.3.4","time_local":"${TIME}","request":"GET http://shop.example/a?b=1 HTTP/1.1"}`,
    ],
    [
      'as a member',
      `{"client_ip":"1.2.3.4","ts":1709809501,"method":"GET","status":200,"url":"http://shop.example/a?b=1"}`,
    ],
    ['in LTSV', `time:[${TIME}]\thost:1.2.3.4\treq:GET http://shop.example/a?b=1 HTTP/1.1\tstatus:200`],
  ])('has its host and its path: %s', (_, line) => expect(asked(line)).toEqual(EXPECTED));

  it("has them in the W3C's format of a proxy, whatever the Host header says", () => {
    const format = chosenFormat('w3c', { keepsDetails: true }).format;
    format.read('#Fields: date time c-ip cs-method cs-uri cs-host sc-status');
    const fields = format.read('2024-03-07 11:05:01 1.2.3.4 GET http://shop.example/a?b=1 other.example 200');
    const event = new EventBuilder({ host: 'd', server: 's', maxFutureMs: 1, details: () => true }).build(
      fields as RequestFields,
    );
    expect(event).toMatchObject({ host: 'shop.example', path: '/a', query: 'b=1' });
  });

  it("has them in Google's load balancer's requests", () => {
    const httpRequest = { requestMethod: 'GET', requestUrl: 'https://shop.example:8443/a?b=1', remoteIp: '1.2.3.4' };
    expect(asked(JSON.stringify({ timestamp: '2024-03-07T11:05:01Z', httpRequest }))).toEqual(EXPECTED);
  });

  it('has the path / where the URL has none, and IPv6 in brackets', () => {
    expect(asked(combined('GET http://shop.example HTTP/1.1'))).toEqual(['GET', 'shop.example', '/', null]);
    expect(asked(combined('GET http://shop.example?b=1 HTTP/1.1'))).toEqual(['GET', 'shop.example', '/', 'b=1']);
    expect(asked(combined('GET http://[2001:db8::1]:8080/a HTTP/1.1'))).toEqual(['GET', '[2001:db8::1]', '/a', null]);
  });

  it('names no host where a URL stands elsewhere in it', () => {
    expect(asked(combined('GET /a?u=http://shop.example/ HTTP/1.1'))).toEqual([
      ...['GET', 'default', '/a', 'u=http://shop.example/'],
    ]);
    expect(asked(combined('GET //shop.example/a?u=http://x HTTP/1.1'))).toEqual([
      ...['GET', 'default', '//shop.example/a', 'u=http://x'],
    ]);
    expect(asked(combined('OPTIONS * HTTP/1.1'))).toEqual(['OPTIONS', 'default', '*', null]);
  });
});

describe('a host that the log names', () => {
  const request = 'GET http://forged.example/a HTTP/1.1';

  it.each([
    ['vhost_combined', `shop.example:80 ${combined(request)}`],
    ['$remote_addr [$time_local] $host "$request" $status', `1.2.3.4 [${TIME}] shop.example "${request}" 200`],
    ['%h %t %v "%r" %>s', `1.2.3.4 [${TIME}] shop.example "${request}" 200`],
    ['ltsv', `time:[${TIME}]\thost:1.2.3.4\tvhost:shop.example\treq:${request}\tstatus:200`],
    ['json', `{"remote_addr":"1.2.3.4","time_local":"${TIME}","host":"shop.example","request":"${request}"}`],
  ])('stands, whatever URL a client asks an origin for: %s', (format, line) =>
    expect(asked(line, format)).toEqual(['GET', 'shop.example', '/a', null]),
  );

  it.each([
    ['$remote_addr [$time_local] $http_host "$request" $status', `1.2.3.4 [${TIME}] header.example "${request}" 200`],
    ['$remote_addr [$time_local] $server_name "$request" $status', `1.2.3.4 [${TIME}] _ "${request}" 200`],
    ['ltsv', `time:[${TIME}]\thost:1.2.3.4\thttp_host:header.example\treq:${request}\tstatus:200`],
    ['json', `{"remote_addr":"1.2.3.4","time_local":"${TIME}","http_host":"header.example","request":"${request}"}`],
  ])("does not where it is the Host header's, or that of all others: %s", (format, line) =>
    expect(asked(line, format)).toEqual(['GET', 'forged.example', '/a', null]),
  );
});

it('a CONNECT names its host and its port, and no path (RFC 9112, 3.2.3)', () => {
  expect(asked(combined('CONNECT shop.example:443 HTTP/1.1'))).toEqual(['CONNECT', 'shop.example', null, null]);
  expect(asked(combined('CONNECT [2001:db8::1]:443 HTTP/1.1'))).toEqual(['CONNECT', '[2001:db8::1]', null, null]);
  const squid = '1286536310.430   2 192.0.2.9 TCP_TUNNEL/200 39 CONNECT shop.example:443 - HIER_DIRECT/203.0.113.7 -';
  expect(asked(squid)).toEqual(['CONNECT', 'shop.example', null, null]);
});
