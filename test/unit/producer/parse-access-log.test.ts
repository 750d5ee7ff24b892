import { afterEach, describe, expect, it } from 'vitest';
import { EventBuilder, type LogFields } from '../../../producer/parse-access-log.js';

const zone = process.env['TZ'];
afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

const FIELDS = { client_ip: '1.2.3.4', status: 200, '@timestamp': 1_431_857_103 };

function build(fields: LogFields, maxFutureMs = 86_400_000) {
  return new EventBuilder({ host: 'h', server: 's', maxFutureMs }).build({ ...FIELDS, ...fields });
}

describe('times', () => {
  const second = Date.UTC(2015, 4, 17, 10, 5, 3);
  it.each<[unknown, number]>([
    ['17/May/2015:10:05:03 +0000', second],
    ['17/May/2015:12:05:03 +0200', second],
    ['17/May/2015:04:35:03 -0530', second],
    ['2015-05-17T10:05:03Z', second],
    ['2015-05-17T10:05:03.5Z', second + 500],
    ['2015-05-17T10:05:03.123456789+00:00', second + 123],
    ['2015-05-17 12:05:03,25+0200', second + 250],
    ['2015-05-17T10:05Z', second - 3000],
    [second / 1000, second],
    [second / 1000 + 0.001, second + 1],
    [String(second / 1000 + 0.999), second + 999],
    [second, second],
    ['31/Dec/2016:23:59:60 +0000', Date.UTC(2017, 0, 1)],
    ['29/Feb/2016:00:00:00 +0000', Date.UTC(2016, 1, 29)],
  ])('%j', (time, expected) => {
    expect(build({ '@timestamp': time }).timestamp).toBe(expected);
  });

  it.each(['Pacific/Kiritimati', 'America/Los_Angeles'])('without a zone are UTC, also in %s', (timeZone) => {
    process.env['TZ'] = timeZone;
    expect(build({ '@timestamp': '2015-05-17T10:05:03' }).timestamp).toBe(second);
    expect(build({ '@timestamp': '2015-05-17 10:05:03' }).timestamp).toBe(second);
  });

  it.each([
    0,
    -1,
    '-1',
    '0',
    'yesterday',
    '',
    '17/May/2015',
    '17/Foo/2015:10:05:03 +0000',
    '31/Feb/2015:10:05:03 +0000',
    '00/May/2015:10:05:03 +0000',
    '29/Feb/2015:10:05:03 +0000',
    '17/May/2015:24:05:03 +0000',
    '17/May/2015:10:60:03 +0000',
    '17/May/2015:10:05:61 +0000',
    '17/May/2015:10:05:03 +2400',
    '2015-02-31T00:00:00Z',
    '2015-13-01T00:00:00Z',
    '2015-00-01T00:00:00Z',
    '2015-05-17',
    '1e9',
    true,
    [1_431_857_103],
    {},
  ])('%j is none', (time) => {
    expect(() => build({ '@timestamp': time })).toThrow('wrong-timestamp: ');
  });

  it('may be ahead of the clock by as much as is allowed', () => {
    const inAnHour = Date.now() + 3_600_000;
    expect(build({ '@timestamp': inAnHour }).timestamp).toBe(inAnHour);
    expect(() => build({ '@timestamp': inAnHour }, 60_000)).toThrow('timestamp-in-future: ');
    expect(() => build({ '@timestamp': Date.now() + 2 * 86_400_000 })).toThrow('timestamp-in-future: ');
  });
});

describe('other fields', () => {
  it.each([99, 600, 200.5, '2000', '20', 'OK', '200 ', -200, true, [200], {}])('%j is no status', (status) => {
    expect(() => build({ status })).toThrow('wrong-status: ');
  });

  it.each([-0.1, '-0.1', 'fast', '0x10', ' ', Number.NaN, true, [], {}])('%j is no request time', (request_time) => {
    expect(() => build({ request_time })).toThrow('wrong-request-time: ');
  });

  it.each<[unknown, number | null]>([
    [0, 0],
    ['0.000', 0],
    ['1.5e-3', 0.0015],
    ['-', null],
    ['', null],
    [null, null],
  ])('%j is a request time', (request_time, expected) => {
    expect(build({ request_time }).request_time).toBe(expected);
  });

  it.each<[string, LogFields]>([
    ['the client', { client_ip: undefined }],
    ['the client', { client_ip: '-' }],
    ['the client', { client_ip: 7 }],
    ['the client', { client_ip: undefined, http_x_forwarded_for: ' , 1.2.3.4' }],
    ['the status', { status: undefined }],
    ['the time', { '@timestamp': null }],
  ])('a line without %s is none: %j', (_what, fields) => {
    expect(() => build(fields)).toThrow('missing-field: ');
  });

  it.each(['two words', 'x'.repeat(254)])('%j is no client', (client_ip) => {
    expect(() => build({ client_ip })).toThrow('wrong-client: ');
  });

  it('a reason stays short, whatever the line holds', () => {
    expect(() => build({ status: 'x'.repeat(100_000) })).toThrow(/^.{1,150}$/);
    expect(() => build({ status: { deep: 'x'.repeat(100_000) } })).toThrow(/^.{1,150}$/);
  });

  it('a client that is no address has no country', () => {
    expect(build({ client_ip: 'unix:' }).country).toBe('ZZ');
    expect(build({ client_ip: 'crawler.example.com' }).country).toBe('ZZ');
  });
});
