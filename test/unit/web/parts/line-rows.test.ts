import { expect, test } from 'vitest';
import { saidBy, timeColumnOf } from '../../../../web/parts/line-rows.js';

const request = { id: 'test-inter/0/1', time: 0, kind: 'requests', method: 'GET', client_ip: '192.0.2.44' } as const;

test('a request says who asked for what, with its path and query', () => {
  const line = { ...request, host: 'shop.example.com', path: '/münchen', query: 'q=ü' };
  expect(saidBy(line)).toBe('192.0.2.44 GET shop.example.com/münchen?q=ü');
});

test('of a log that names no host there is the path alone, and of one without paths the host', () => {
  expect(saidBy({ ...request, host: 'unknown', path: '/' })).toBe('192.0.2.44 GET /');
  expect(saidBy({ ...request, host: 'shop.example.com', path: null })).toBe('192.0.2.44 GET shop.example.com');
  expect(saidBy({ ...request, host: 'unknown', path: null })).toBe('192.0.2.44 GET unknown');
});

test('times of lines have their day as soon as one of the lines is of another day than today', () => {
  const lineOf = (time: number) => ({ ...request, time });
  const now = Date.now();
  const old = Date.UTC(2015, 10, 27, 9, 5, 49, 7);
  expect(timeColumnOf([lineOf(now)]).format(now)).toBe(new Date(now).toISOString().slice(11, 23));
  const mixed = timeColumnOf([lineOf(now), lineOf(old)]);
  expect(mixed.format(old)).toBe('27 Nov 2015 09:05:49.007');
  expect(mixed.format(now)).toMatch(/^\d+ \w{3} \d\d:/);
  expect(mixed.widthPx).toBeGreaterThan(timeColumnOf([lineOf(now)]).widthPx);
});
