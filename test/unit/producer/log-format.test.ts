import { describe, expect, it } from 'vitest';
import { chosenFormat } from '../../../producer/formats/known-formats.js';
import { lenientJson } from '../../../producer/formats/lenient-json.js';
import { RequestFields } from '../../../producer/formats/line-format.js';
import { ProducerError } from '../../../producer/producer-error.js';
import type { AccessLog } from '../../../schemas/records.js';
import { event } from './events.js';

const TIME = '17/May/2015:10:05:03 +0000';
const COMMON = `83.149.9.216 - frank [${TIME}] "GET /a?b=\\"c\\" HTTP/1.1" 200 203023`;
const COMBINED = `${COMMON} "http://example.com/" "curl/8 (\\x22x\\x22)"`;

const EXPECTED: AccessLog = {
  server: 'default-server',
  client_ip: '83.149.9.216',
  method: 'GET',
  status: 200,
  request_time: null,
  host: 'default-host',
  country: 'RU',
  timestamp: Date.UTC(2015, 4, 17, 10, 5, 3),
  bytes: 203_023,
};

describe('formats by name', () => {
  it.each([
    ['auto', 'combined', COMBINED],
    ['auto', "the main format of NGINX's packages", `${COMBINED} "10.0.0.1, 10.0.0.2"`],
    ['auto', 'common', COMMON],
    ['combined', 'combined', COMBINED],
    ['combined', 'common', COMMON],
    ['common', 'common', COMMON],
  ])('%s takes a line in %s', (format, _name, line) => {
    expect(event(format, line)).toEqual(EXPECTED);
  });

  it('auto takes a format that goes on, in which what follows the status may be anything', () => {
    expect(event('auto', `${COMMON} 0.25 "-" extra`)).toEqual({ ...EXPECTED, bytes: null });
  });

  it('auto takes each line by itself', () => {
    const { format } = chosenFormat('auto');
    const lines = [COMBINED, '{"remote_addr":"1.2.3.4"}', COMMON, `time:[${TIME}]\thost:1.2.3.4\tstatus:200`];
    expect(lines.map((line) => format.read(line) instanceof RequestFields)).toEqual([true, true, true, true]);
  });

  it.each([
    ['auto', ''],
    ['auto', 'what is this'],
    ['combined', '{"status": 200}'],
    ['auto', `\u0000\u0001${COMBINED}`.slice(0, 40)],
  ])('%s refuses %j', (format, line) => {
    expect(() => event(format, line)).toThrow('not-in-format: ');
  });

  it('takes what clients send in place of a request', () => {
    expect(event('auto', COMMON.replace(/"GET.*?HTTP\/1.1"/, '"-"')).method).toBe('-');
    expect(event('auto', COMMON.replace(/"GET.*?HTTP\/1.1"/, '"\\x16\\x03\\x01\\x00"')).status).toBe(200);
    expect(event('auto', COMMON.replace(/"GET.*?HTTP\/1.1"/, '""')).method).toBe('-');
  });
});

describe('formats by an NGINX log_format', () => {
  it.each<[string, string, Partial<AccessLog>]>([
    [
      '$remote_addr [$time_local] $host "$request" $status $request_time $upstream_response_time',
      `1.2.3.4 [${TIME}] shop.example "POST / HTTP/1.1" 502 0.250 0.100, 0.150 : 0.001`,
      { client_ip: '1.2.3.4', host: 'shop.example', method: 'POST', status: 502, request_time: 0.25 },
    ],
    [
      '$upstream_addr $upstream_status $remote_addr $msec $status',
      '10.0.0.1:80, 10.0.0.2:80 502, 200 1.2.3.4 1431857103.123 200',
      { client_ip: '1.2.3.4', status: 200, timestamp: 1_431_857_103_123 },
    ],
    [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: NGINX's way to end a variable's name
      '$http_x_forwarded_for $time_iso8601 $status ${request_time}s',
      '5.6.7.8, 10.0.0.1 2015-05-17T12:05:03+02:00 404 -s',
      { client_ip: '5.6.7.8', status: 404, request_time: null, timestamp: EXPECTED.timestamp },
    ],
    [
      '$http_x_forwarded_for|$remote_addr|$msec|$status',
      '6.6.6.6, 10.0.0.1|1.2.3.4|1431857103.000|200',
      { client_ip: '1.2.3.4' },
    ],
    [
      '$time_local $remote_addr $request $status',
      `${TIME} 1.2.3.4 GET /a b HTTP/1.1 201`,
      { method: 'GET', status: 201 },
    ],
    [
      '$remote_addr "$server_name" $hostname $request_method $status $msec',
      '1.2.3.4 "a.example" edge-7 PUT 204 1431857103.5',
      { host: 'a.example', server: 'edge-7', method: 'PUT', status: 204 },
    ],
    [
      '$remote_addr "$host" $status $msec',
      '1.2.3.4 "b\\xC3\\xBCcher\\x22.example" 200 1431857103.5',
      { host: 'bücher".example' },
    ],
    [
      '$remote_addr "$host" $status $msec',
      '1.2.3.4 "b\\xC3\\xBCcher.example" 200 1431857103.5',
      { host: 'xn--bcher-kva.example' },
    ],
    ['[$remote_addr] ($status) {$msec}*', '[1.2.3.4] (200) {1431857103.5}*', { status: 200 }],
  ])('%s', (format, line, expected) => {
    expect(event(format, line)).toMatchObject(expected);
  });

  it.each(['$status', '$remote_addr $status', '$status [$time_local]', 'combind', ''])(
    'refuses %j, which gives no client and no host, or no time',
    (format) => {
      expect(() => chosenFormat(format)).toThrow(ProducerError);
    },
  );
});

describe('JSON lines', () => {
  const json = (fields: object) => event('auto', JSON.stringify(fields));
  const CONTRACT = {
    server: 'web-3',
    client_ip: '83.149.9.216',
    method: 'GET',
    status: 200,
    request_time: 0.125,
    host: 'shop.example',
    country: 'FR',
    '@timestamp': 1_431_857_103.25,
  };
  const CONTRACT_EVENT = {
    server: 'web-3',
    client_ip: '83.149.9.216',
    method: 'GET',
    status: 200,
    request_time: 0.125,
    host: 'shop.example',
    country: 'FR',
    timestamp: 1_431_857_103_250,
    bytes: null,
  };

  it("takes the contract's, with numbers or numeric strings, epoch seconds or ISO 8601", () => {
    expect(json(CONTRACT)).toEqual(CONTRACT_EVENT);
    expect(json({ ...CONTRACT, status: '200', request_time: '0.125', '@timestamp': '1431857103.25' })).toEqual(
      CONTRACT_EVENT,
    );
    expect(json({ ...CONTRACT, '@timestamp': '2015-05-17T10:05:03.250Z' })).toEqual(CONTRACT_EVENT);
  });

  it.each<[object, Partial<AccessLog>]>([
    [{ remote_addr: '1.2.3.4', time_iso8601: '2015-05-17T10:05:03+00:00', status: 200 }, { client_ip: '1.2.3.4' }],
    [{ ip: '1.2.3.4', time_local: TIME, status: '200', request: 'HEAD / HTTP/2.0' }, { method: 'HEAD' }],
    [{ client_ip: '1.2.3.4', msec: '1431857103.000', status: 200, server_name: 'x.example' }, { host: 'x.example' }],
    [{ client_ip: '1.2.3.4', timestamp: EXPECTED.timestamp, status: 200, http_host: 'y' }, { host: 'y' }],
    [{ remote_addr: '1.2.3.4', time_local: TIME, status: 200, request_time: '-' }, { request_time: null }],
    [{ remote_addr: '1.2.3.4', time_local: TIME, status: 200, host: '', server: null }, { host: 'default-host' }],
  ])('takes the usual names of fields: %j', (fields, expected) => {
    expect(json(fields)).toMatchObject(expected);
  });

  it('takes what NGINX writes without escape=json', () => {
    const line = `{"remote_addr":"1.2.3.4","status":200,"time_local":"${TIME}","agent":"a \\x22b\\x22 c:\\\\x41"}`;
    expect(() => JSON.parse(line)).toThrow();
    expect(lenientJson(line)).toMatchObject({ agent: 'a "b" c:\\x41' });
    expect(event('json', line)).toMatchObject({ client_ip: '1.2.3.4', status: 200 });
  });

  it.each(['{"a": 1', '{]', '{"status": 200} trailing', '{"a":"b'])('refuses %s', (line) => {
    expect(() => event('auto', line)).toThrow('not-json: ');
  });

  it.each(['[1]', '7', '"text"', 'null'])('refuses %s, which is no object', (line) => {
    expect(() => event('json', line)).toThrow('not-json: ');
  });
});
