import { describe, expect, it } from 'vitest';
import { AutoFormat } from '../../../producer/formats/auto.js';
import { FORWARDED_FOR, LineRefusal, RequestFields } from '../../../producer/formats/line-format.js';

const read = (line: string) => new AutoFormat({ forwarded: FORWARDED_FOR, keepsDetails: true }).read(line);

const requestOf = (line: string | object) => {
  const fields = read(typeof line === 'string' ? line : JSON.stringify(line));
  if (!(fields instanceof RequestFields)) throw new Error(`no request: ${JSON.stringify(fields)}`);
  return fields;
};

/** By Envoy's documentation. */
const ENVOY =
  '[2026-03-07T11:05:03.186Z] "POST /api/v1/locations HTTP/2" 204 - 154 7 226 100 "203.0.113.9, 10.0.35.28" "nsq2http" ' +
  '"cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "shop.example" "tcp://10.0.2.1:80"';

describe('access logs of proxies and clouds', () => {
  it("Envoy's and Istio's text", () => {
    const common = { time: '2026-03-07T11:05:03.186Z', requestTime: 0.226, upstreamTime: 0.1, host: 'shop.example' };
    const request = { request: 'POST /api/v1/locations HTTP/2', status: '204', bytes: '7', userAgent: 'nsq2http' };
    expect(requestOf(ENVOY)).toMatchObject({ ...common, ...request, client: '10.0.35.28' });
    const istio = ENVOY.replace('204 -', '204 - via_upstream - "-"').replace('"203.0.113.9, 10.0.35.28"', '"-"');
    const rest = 'inbound|8000|| 127.0.0.1:41854 10.44.1.27:80 10.44.1.23:37652 outbound_.8000 default';
    expect(requestOf(`${istio} ${rest}`)).toMatchObject({ ...common, ...request, client: '10.44.1.23:37652' });
  });

  it('are refused where a client wrote quotes into a line of Envoy', () => {
    const forged = ENVOY.replace('/api/v1/locations HTTP/2"', '/" 200 - 1 1 1 1 "192.0.2.66" "-" "-" "-" "-" HTTP/2"');
    const outcome = read(forged);
    expect(outcome).toBeInstanceOf(LineRefusal);
  });

  it("AWS's classic load balancer, whose lines begin as syslog's do", () => {
    const line =
      '2026-03-07T11:05:03.945958Z my-loadbalancer 192.0.2.7:2817 10.0.0.1:80 0.000086 0.001048 0.001337 200 200 0 57 ' +
      '"GET https://shop.example:443/a HTTP/1.1" "curl/7.38.0" DHE-RSA-AES128-SHA TLSv1.2';
    const expected = { server: 'my-loadbalancer', client: '192.0.2.7:2817', host: 'shop.example', path: '/a' };
    expect(requestOf(line)).toMatchObject({ ...expected, requestTime: 0.002471, tls: 'TLSv1.2', bytes: '57' });
  });

  it("Cloudflare's Logpush", () => {
    const line = {
      ...{ ClientIP: '192.0.2.7', ClientRequestHost: 'shop.example', ClientRequestMethod: 'GET' },
      ...{ ClientRequestURI: '/a?b=1', EdgeEndTimestamp: '2026-03-07T11:05:03Z', EdgeResponseBytes: 4600 },
      ...{ EdgeResponseStatus: 503, EdgeStartTimestamp: '2026-03-07T11:05:02Z', RayID: '3a6050bcbe121a87' },
    };
    expect(requestOf(line)).toMatchObject({
      ...{ client: '192.0.2.7', time: '2026-03-07T11:05:02Z', host: 'shop.example', method: 'GET', path: '/a?b=1' },
      ...{ status: 503, bytes: 4600, requestId: '3a6050bcbe121a87' },
    });
  });

  it("Google's load balancers", () => {
    const line = {
      httpRequest: {
        ...{ latency: '0.058s', remoteIp: '203.0.113.9', requestMethod: 'GET', responseSize: '760', status: 200 },
        ...{ requestUrl: 'https://shop.example:8443/a?b=1', userAgent: 'curl/8' },
      },
      ...{ resource: { type: 'http_load_balancer' }, severity: 'INFO', timestamp: '2026-03-07T11:05:03.186Z' },
    };
    expect(requestOf(line)).toMatchObject({
      // The host is that of the URL, as in every format.
      ...{ client: '203.0.113.9', path: 'https://shop.example:8443/a?b=1', status: 200, bytes: '760' },
      ...{ requestTime: 0.058, server: 'http_load_balancer', userAgent: 'curl/8' },
    });
  });

  it("Azure's application gateways", () => {
    const properties = {
      ...{ instanceId: 'appgw_1', clientIP: '192.0.2.7', httpMethod: 'GET', requestUri: '/a', httpStatus: 502 },
      ...{ sentBytes: 466, timeTaken: 0.034, host: 'shop.example' },
    };
    expect(requestOf({ timeStamp: '2026-03-07T11:05:03+00:00', properties })).toMatchObject({
      ...{ client: '192.0.2.7', server: 'appgw_1', host: 'shop.example', status: 502, requestTime: 0.034 },
    });
  });

  it("AWS's API gateways", () => {
    const line = {
      ...{ requestId: 'a', ip: '192.0.2.7', requestTime: '07/Mar/2026:11:05:03 +0000', httpMethod: 'GET' },
      ...{ resourcePath: '/a', status: '200', protocol: 'HTTP/1.1', responseLength: '12' },
    };
    expect(requestOf(line)).toMatchObject({
      ...{ client: '192.0.2.7', time: '07/Mar/2026:11:05:03 +0000', path: '/a', bytes: '12', requestTime: undefined },
    });
  });
});
