import { describe, expect, it } from 'vitest';
import { event } from './events.js';

const TIME = '07/Mar/2024:11:05:01 +0000';

describe('sizes, durations and hosts by the names that programs have for them', () => {
  it("Fastly's, Varnish's and Zeek's requests have their sizes and durations", () => {
    const fastly = {
      ...{ timestamp: '2024-03-07T11:05:01+0000', client_ip: '203.0.113.5', host: 'shop.example', url: '/a' },
      ...{ geo_country: 'germany', request_method: 'GET', request_protocol: 'HTTP/1.1', response_status: 200 },
      ...{ response_body_size: 512, fastly_server: 'cache-fra-1' },
    };
    expect(event('auto', JSON.stringify(fastly))).toMatchObject({
      ...{ client_ip: '203.0.113.5', host: 'shop.example', status: 200, bytes: 512, server: 'cache-fra-1' },
    });
    const varnish = { time: TIME, remote_addr: '203.0.113.5', status: 200, duration_usec: 2500, resp_bytes: 77 };
    expect(event('auto', JSON.stringify(varnish))).toMatchObject({ request_time: 0.0025, bytes: 77 });
    const zeek = {
      ...{ ts: 1_709_809_501.5, 'id.orig_h': '203.0.113.5', method: 'GET', host: 'shop.example', uri: '/a' },
      ...{ status_code: 404, response_body_len: 99 },
    };
    expect(event('auto', JSON.stringify(zeek))).toMatchObject({
      ...{ client_ip: '203.0.113.5', host: 'shop.example', status: 404, bytes: 99, timestamp: 1_709_809_501_500 },
    });
  });

  it("the hostname of Suricata's http is the host, and one beside it the machine", () => {
    const http = { hostname: 'shop.example', url: '/a', http_method: 'GET', status: 200, length: 1024 };
    const line = { timestamp: '2024-03-07T11:05:01.000000+0000', event_type: 'http', src_ip: '203.0.113.5', http };
    expect(event('auto', JSON.stringify({ ...line, hostname: 'sensor-1' }))).toMatchObject({
      ...{
        client_ip: '203.0.113.5',
        host: 'shop.example',
        server: 'sensor-1',
        method: 'GET',
        status: 200,
        bytes: 1024,
      },
    });
    const http2 = { request: { method: 'GET' }, response: { status_code: 503 } };
    const ecs = { '@timestamp': '2024-03-07T11:05:01Z', source: { ip: '203.0.113.5' }, http: http2 };
    expect(event('auto', JSON.stringify(ecs))).toMatchObject({ method: 'GET', status: 503 });
  });

  it('a time since 1970 is no duration', () => {
    const line = { time_ms: 1_709_809_501_000, ip: '203.0.113.5', method: 'GET', status: 200 };
    expect(event('auto', JSON.stringify(line))).toMatchObject({ request_time: null, timestamp: 1_709_809_501_000 });
  });

  it('what stands behind the size of a common line has a unit only where a format says which', () => {
    const line = `203.0.113.5 - - [${TIME}] "GET /a HTTP/1.1" 200 524 17`;
    expect(event('auto', line)).toMatchObject({ bytes: 524, request_time: null });
    expect(event('%h %l %u %t "%r" %s %b %{ms}T', line)).toMatchObject({ bytes: 524, request_time: 0.017 });
    expect(event('%h %l %u %t "%r" %s %b %D', line)).toMatchObject({ bytes: 524, request_time: 0.000017 });
    expect(event('tomcat10:%h %l %u %t "%r" %s %b %D', line)).toMatchObject({ request_time: 0.000017 });
    expect(event('tomcat9:%h %l %u %t "%r" %s %b %D', line)).toMatchObject({ bytes: 524, request_time: 0.017 });
  });
});
