import { afterEach, describe, expect, it } from 'vitest';
import type { RequestFields } from '../../../producer/formats/line-format.js';
import { build, read } from './events.js';

const zone = process.env['TZ'];
afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

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
    expect(build({ time }).event?.timestamp).toBe(expected);
  });

  it.each(['Pacific/Kiritimati', 'America/Los_Angeles'])('without a zone are UTC, also in %s', (timeZone) => {
    process.env['TZ'] = timeZone;
    expect(build({ time: '2015-05-17T10:05:03' }).event?.timestamp).toBe(second);
    expect(build({ time: '2015-05-17 10:05:03' }).event?.timestamp).toBe(second);
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
    expect(build({ time }).reason).toMatch(/^(wrong-timestamp|missing-field): /);
  });

  it('may be ahead of the clock by as much as is allowed', () => {
    const inAnHour = Date.now() + 3_600_000;
    expect(build({ time: inAnHour }).event?.timestamp).toBe(inAnHour);
    expect(build({ time: inAnHour }, 60_000).reason).toContain('timestamp-in-future: ');
    expect(build({ time: Date.now() + 2 * 86_400_000 }).reason).toContain('timestamp-in-future: ');
  });
});

describe('what a line is refused for', () => {
  it.each<[string, Partial<RequestFields>]>([
    ['the client and the host', { client: undefined }],
    ['the client and the host', { client: '-' }],
    ['the client and the host', { client: undefined, host: '_' }],
    ['the time', { time: null }],
  ])('%s are missing: %j', (_what, fields) => {
    expect(build(fields).reason).toContain('missing-field: ');
  });

  it.each(['two words', 'x'.repeat(254), 'unix:', '_hidden', '1.2.3.256'])(
    'the client is %j, and no host is named',
    (client) => {
      expect(build({ client }).reason).toContain('wrong-client: ');
    },
  );

  it('a reason stays short, whatever the line holds', () => {
    expect(build({ time: 'x'.repeat(100_000) }).reason).toMatch(/^.{1,150}$/);
    expect(build({ time: { deep: 'x'.repeat(100_000) } }).reason).toMatch(/^.{1,150}$/);
    expect(read('auto', 'x'.repeat(100_000)).reason).toMatch(/^.{1,200}$/);
  });
});

describe('an odd field costs itself alone, and is counted', () => {
  it.each([0, 9, 99, 1000, 200.5, '000', '009', '2000', '20', 'OK', -200, true, [200], {}, '-', '', undefined])(
    '%j is no status',
    (status) => {
      const { event, odd } = build({ status });
      expect(event?.status).toBe(0);
      expect([...odd]).toEqual([[expect.stringMatching(/^status: /), 1]]);
    },
  );

  it.each([600, 777, 999, '600', '999'])('%j is kept as a status, and told', (status) => {
    const { event, odd } = build({ status });
    expect(event?.status).toBe(Number(status));
    expect(odd.get('status: over 599')).toBe(1);
  });

  it.each(['200 ', ' 200', 200, '200'])('%j is the status 200', (status) => {
    const { event, odd } = build({ status });
    expect(event?.status).toBe(200);
    expect(odd.size).toBe(0);
  });

  it.each([-0.1, '-0.001', '0,120', '0.1, 0.2', '0.12s', '1e400', 'fast', '0x10', ' ', Number.NaN, true, [], {}])(
    '%j is no request time',
    (requestTime) => {
      const { event, odd } = build({ requestTime });
      expect(event?.request_time).toBeNull();
      expect(odd.get('request_time: no seconds')).toBe(1);
    },
  );

  it.each<[unknown, number | null]>([
    [0, 0],
    ['0.000', 0],
    ['1.5e-3', 0.0015],
    ['.5', 0.5],
    ['-', null],
    ['', null],
    [null, null],
  ])('%j is a request time', (requestTime, expected) => {
    const { event, odd } = build({ requestTime });
    expect(event?.request_time).toBe(expected);
    expect(odd.size).toBe(0);
  });

  it.each<[keyof RequestFields, unknown, object]>([
    ['bytes', '12kB', { bytes: null }],
    ['country', 'Atlantis', { country: 'US' }],
    ['country', 7, { country: 'US' }],
    ['method', '\u0016\u0003\u0001', { method: '-' }],
    ['host', 'h'.repeat(256), { host: 'default-host' }],
  ])('%s %j', (field, value, expected) => {
    const { event, odd } = build({ client: '8.8.8.8', [field]: value });
    expect(event).toMatchObject(expected);
    expect([...odd.keys()]).toEqual([expect.stringMatching(new RegExp(`^${field}: `))]);
  });

  it('a client that cannot be used costs itself where a host is named', () => {
    const { event, odd } = build({ client: 'unix:', host: 'shop.example' });
    expect(event).toMatchObject({ client_ip: '-', host: 'shop.example', country: 'ZZ' });
    expect(odd.get('client: none that can be used')).toBe(1);
  });

  it('a client that is a name has no country', () => {
    expect(build({ client: 'Crawler.example.com.' }).event).toMatchObject({
      client_ip: 'crawler.example.com',
      country: 'ZZ',
    });
  });
});
