import { describe, expect, it } from 'vitest';
import { chosenFormat } from '../../../producer/formats/known-formats.js';
import { event, read } from './events.js';

const TIME = '07/Mar/2024:11:05:01 +0000';
const REQUEST = `[${TIME}] "GET /a HTTP/1.1" 404 5 "-" "m"`;

describe('one client has one spelling', () => {
  it.each([
    ['8.8.8.8', '8.8.8.8'],
    ['8.8.8.8:51234', '8.8.8.8'],
    ['"8.8.8.8"', '8.8.8.8'],
    ['8.8.8.8,', '8.8.8.8'],
    ['008.008.008.008', '8.8.8.8'],
    ['::ffff:8.8.8.8', '8.8.8.8'],
    ['::FFFF:0808:0808', '8.8.8.8'],
    ['2001:4860:4860:0:0:0:0:8888', '2001:4860:4860::8888'],
    ['[2001:4860:4860::8888]:443', '2001:4860:4860::8888'],
    ['2001:4860:4860::8888%eth0', '2001:4860:4860::8888'],
    ['2001:DB8::1', '2001:db8::1'],
  ])('%s is %s', (written, client) => {
    expect(event('auto', `${written} - - ${REQUEST}`).client_ip).toBe(client);
  });

  it.each<[string, string]>([
    ['-, 203.0.113.5', '203.0.113.5'],
    ['unknown, 203.0.113.5', '203.0.113.5'],
    ['_hidden, 203.0.113.5', '203.0.113.5'],
    ['10.0.0.1, 203.0.113.5:51234', '203.0.113.5'],
    [', 203.0.113.5', '203.0.113.5'],
    ['[2001:db8::5]:443', '2001:db8::5'],
  ])('X-Forwarded-For %s alone names %s', (list, client) => {
    const line = JSON.stringify({
      remote_addr: '-',
      http_x_forwarded_for: list,
      time: '2024-03-07T11:05:07Z',
      status: 404,
    });
    expect(event('auto', line).client_ip).toBe(client);
  });

  const MAIN = (remote: string, list: string) => `${remote} - - ${REQUEST} "${list}"`;
  const FORMAT =
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"';
  const RULE = { from: 'X-Forwarded-For', trustedProxies: ['10.0.0.0/8', '64.252.0.0/16'] };

  it('trusted proxies are believed from the last to the first, as by real_ip_recursive', () => {
    expect(event(FORMAT, MAIN('10.0.0.9', '6.6.6.6, 203.0.113.9, 64.252.0.1'), RULE).client_ip).toBe('203.0.113.9');
    expect(event(FORMAT, MAIN('10.0.0.9', '-'), RULE).client_ip).toBe('10.0.0.9');
  });

  it('who is no trusted proxy is the client, whatever it sends', () => {
    expect(event(FORMAT, MAIN('198.51.100.7', '6.6.6.6'), RULE).client_ip).toBe('198.51.100.7');
    expect(event('auto', MAIN('198.51.100.7', '6.6.6.6')).client_ip).toBe('198.51.100.7');
  });

  it('a user agent is no list of addresses', () => {
    expect(event('auto', `10.0.0.9 - - [${TIME}] "GET / HTTP/1.1" 200 5 "-" "6.6.6.6"`).client_ip).toBe('10.0.0.9');
  });
});

describe('one host, one country', () => {
  it.each([
    ['SHOP.example', 'shop.example'],
    ['shop.example:443', 'shop.example'],
    ['shop.example.', 'shop.example'],
    ['[2001:DB8::1]:8443', '[2001:db8::1]'],
    ['bücher.example', 'xn--bcher-kva.example'],
  ])('the host %s is %s', (written, host) => {
    expect(event('auto', JSON.stringify({ ip: '1.2.3.4', status: 200, msec: 1, host: written })).host).toBe(host);
  });

  it.each([
    ['de', 'DE'],
    ['DEU', 'DE'],
    ['Germany', 'DE'],
    ['276', 'DE'],
    ['UK', 'GB'],
    ['Viet Nam', 'VN'],
    ['constructor', 'US'],
  ])('the country %s of an address in the US is %s', (written, country) => {
    expect(event('auto', JSON.stringify({ ip: '8.8.8.8', status: 200, msec: 1, country: written })).country).toBe(
      country,
    );
  });
});

describe('log formats with separators that values hold', () => {
  it.each<[string, string, object]>([
    [
      '$remote_addr:$remote_port [$time_local] $status',
      `2001:db8:0::5:40000 [${TIME}] 200`,
      { client_ip: '2001:db8::5' },
    ],
    [
      '$remote_addr [$time_local] $host-$server_port $status',
      `1.2.3.4 [${TIME}] my-shop.example-443 404`,
      { host: 'my-shop.example' },
    ],
    [
      '$hostname-$pid: $remote_addr [$time_local] $status',
      `web-eu-1-4681: 1.2.3.4 [${TIME}] 404`,
      { server: 'web-eu-1' },
    ],
    [
      '$time_iso8601: $remote_addr $status',
      '2024-03-07T11:05:01+00:00: 1.2.3.4 404',
      { timestamp: Date.UTC(2024, 2, 7, 11, 5, 1) },
    ],
    [
      '$remote_addr|$time_local|$request|$status|$host',
      `1.2.3.4|${TIME}|GET /?a|b HTTP/1.1|404|a.example`,
      { status: 404, host: 'a.example' },
    ],
    [
      '[$time_local] $remote_addr to: $upstream_addr: $request $status',
      `[${TIME}] 1.2.3.4 to: [2001:db8::1]:80, 10.0.0.7:80: GET /a HTTP/1.1 502`,
      { status: 502, method: 'GET' },
    ],
    [
      '$remote_addr [$time_local] "$request_method $scheme://$host$request_uri $server_protocol" $status',
      `1.2.3.4 [${TIME}] "GET https://shop.example/a?b HTTP/1.1" 404`,
      { host: 'shop.example' },
    ],
    [
      '$remote_addr - $remote_user [$time_local] "$request_method http://$host$request_uri" $status',
      `1.2.3.4 - john doe [${TIME}] "GET http://shop.example/" 401`,
      { host: 'shop.example', status: 401 },
    ],
    [
      'log_format main escape=json \'{"who":"$remote_addr",\' \'"at":"$time_iso8601","code":$status}\';',
      '{"who":"1.2.3.4","at":"2024-03-07T11:05:01+00:00","code":009}',
      { client_ip: '1.2.3.4', status: 0 },
    ],
    [
      "main '$remote_addr\\t$time_iso8601\\t'\n '\\'$status\\'';",
      "1.2.3.4\t2024-03-07T11:05:01+00:00\t'404'",
      { status: 404 },
    ],
  ])('%s', (format, line, expected) => {
    expect(event(format, line)).toMatchObject(expected);
  });

  it('a user agent changes no status', () => {
    const format = '$remote_addr [$time_local] $host$uri $status $request_time $http_user_agent';
    expect(event(format, `1.2.3.4 [${TIME}] shop.example/a 404 0.142 Mozilla 200 0.001 x`)).toMatchObject({
      status: 404,
      request_time: 0.142,
    });
    expect(chosenFormat(format).warnings).toEqual([expect.stringMatching(/\$uri \(column 33\) and \$http_user_agent/)]);
  });

  it('a format of which it cannot be told where a variable ends is refused, with the place', () => {
    expect(() => chosenFormat('$remote_addr$host [$time_local] $status')).toThrow(
      /\$remote_addr \(column 1\) ends and \$host \(column 13\)/,
    );
  });

  it.each([
    [
      '$remote_addr - $remote_user [$time_local] "$request" $status',
      'the line goes on after the format\'s end: " 5 \\"-\\" \\"m\\""',
    ],
    [
      '$remote_addr - $remote_user [$time_local] "$request" $status $bytes_sent "$http_referer"',
      'the line goes on after',
    ],
    [
      '$remote_addr - $remote_user [$time_local] "$request" $status $bytes_sent "$http_referer" "$http_user_agent" $host',
      'behind $http_user_agent the format has',
    ],
    ['$remote_addr - $remote_user [$time_iso8601] "$request" $status', '$time_iso8601'],
  ])('%s is told why a line does not fit', (format, reason) => {
    expect(read(format, `1.2.3.4 - - ${REQUEST}`).reason).toContain(reason);
  });

  it('forty-five ways to split a header are no reason to wait', () => {
    const format = '$remote_addr [$time_local] $status fwd=$http_x_forwarded_for; host=$host';
    const before = performance.now();
    expect(read(format, `1.2.3.4 [${TIME}] 200 fwd=${'a : '.repeat(10_000)}a;x host=h`).reason).toContain(
      'not-in-format',
    );
    expect(performance.now() - before).toBeLessThan(1000);
  });
});

describe('what other programs write', () => {
  const LINE = `203.0.113.5 - - ${REQUEST}`;
  it.each<[string, string, object]>([
    ['Docker', JSON.stringify({ log: `${LINE}\n`, stream: 'stdout', time: '2024-03-07T11:05:02Z' }), {}],
    [
      'Filebeat',
      JSON.stringify({ message: LINE, '@timestamp': '2024-03-07T11:05:02Z', host: { name: 'web1' } }),
      { server: 'web1' },
    ],
    ['Kubernetes', `2024-03-07T11:05:01.000000001Z stdout F ${LINE}`, {}],
    ['syslog (RFC 3164)', `<190>Mar  7 11:05:02 web1 nginx: ${LINE}`, { server: 'web1' }],
    ['syslog (RFC 5424)', `<190>1 2024-03-07T11:05:02Z web1 nginx 1 - - ${LINE}`, { server: 'web1' }],
    ['LTSV', `time:${TIME}\thost:203.0.113.5\treq:GET / HTTP/1.1\tstatus:404\tvhost:a.example`, { host: 'a.example' }],
    ["Apache's vhost_combined", `a.example:443 ${LINE}`, { host: 'a.example' }],
    [
      'Caddy',
      JSON.stringify({
        ts: 1709809501.4,
        request: { remote_ip: '203.0.113.5', method: 'GET', host: 'a.example' },
        duration: 0.25,
        status: 404,
      }),
      { host: 'a.example', request_time: 0.25 },
    ],
    [
      'Traefik',
      JSON.stringify({
        ClientHost: '203.0.113.5',
        DownstreamStatus: 404,
        Duration: 250_000_000,
        RequestHost: 'a.example',
        StartUTC: '2024-03-07T11:05:01Z',
      }),
      { host: 'a.example', request_time: 0.25 },
    ],
    [
      "NGINX's JSON without quotes around what is no number",
      `{"remote_addr":"203.0.113.5","time_local":"${TIME}","status":404,"upstream_response_time":-,"request_time":0.1, 0.2}`,
      { request_time: null },
    ],
    [
      'seconds and a host behind the status',
      `203.0.113.5 [${TIME}] "GET / HTTP/1.1" 404 1.250 a.example`,
      { host: 'a.example', request_time: 1.25 },
    ],
  ])('%s', (_program, line, expected) => {
    expect(event('auto', line)).toMatchObject({ client_ip: '203.0.113.5', status: 404, ...expected });
  });

  it('JSON that nests 5,000 deep is refused, and nothing else', () => {
    const deep = `{"client_ip":"1.2.3.4","msec":1,"status":${'['.repeat(5000)}${']'.repeat(5000)}}`;
    expect(read('auto', deep).reason).toContain('nested-too-deep: ');
  });

  it.each(['john doe', 'a]b', 'x [y] z', '"jane"'])('a user %s hides no request', (user) => {
    expect(event('auto', `203.0.113.5 - ${user} ${REQUEST}`)).toMatchObject({ client_ip: '203.0.113.5', status: 404 });
  });

  it('quotes that nobody escaped hide no request; two ends of one cost the status', () => {
    expect(event('auto', `1.2.3.4 - - [${TIME}] "GET /?q="x" HTTP/1.1" 404 5 "-" "m"`).status).toBe(404);
    const { event: made, odd } = read(
      'auto',
      `1.2.3.4 - - [${TIME}] "GET /"a HTTP/1.1" 200 5 "-" "m HTTP/1.1" 404 5 "-" "m"`,
    );
    expect(made?.status).toBe(0);
    expect(odd.get('status: ambiguous')).toBe(1);
  });
});
