import { expect, it } from 'vitest';
import { kafkaUrl, parseLogUrl } from '../../../app/log/log-url.js';

it.each([
  ['.millrace', { kind: 'embedded', directory: '.millrace' }],
  ['/var/lib/a log', { kind: 'embedded', directory: '/var/lib/a log' }],
  ['file:///var/lib/a%20log', { kind: 'embedded', directory: '/var/lib/a log' }],
  ['kafka://127.0.0.1:9092', { kind: 'kafka', brokers: '127.0.0.1:9092' }],
  ['kafka://one:9092,two:9092/', { kind: 'kafka', brokers: 'one:9092,two:9092' }],
])('takes %s for where a log is', (url, address) => {
  expect(parseLogUrl(url)).toEqual(address);
});

it('gives brokers back as they were given', () => {
  expect(parseLogUrl(kafkaUrl('a:1,[::1]:2'))).toEqual({ kind: 'kafka', brokers: 'a:1,[::1]:2' });
});

it.each(['', 'kafka://', 'kafka://a:1/topic', 'redis://127.0.0.1', 'file://elsewhere/x'])('refuses "%s"', (url) => {
  expect(() => parseLogUrl(url)).toThrow(expect.objectContaining({ code: 'LOG_URL' }));
});
