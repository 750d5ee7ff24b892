import { expect, it } from 'vitest';
import { hostFromFile, usualHost } from '../../../app/ingestion/host-from-file.js';

it.each([
  ['/var/log/nginx/shop.example-access.log', 'shop.example'],
  ['/var/log/nginx/shop.example.access.log.2.gz', 'shop.example'],
  ['/var/log/nginx/access-www.shop.example.log', 'www.shop.example'],
  ['/var/log/nginx/access.shop.example.log-20240307.gz', 'shop.example'],
  ['/var/log/nginx/Shop.Example.log', 'shop.example'],
  ['/var/log/nginx/shop.example/access.log', 'shop.example'],
  ['/var/log/nginx/shop.example/access.log.1', 'shop.example'],
  ['/var/log/nginx/access.log', undefined],
  ['/var/log/nginx/access.log.1', undefined],
])('takes the host of %s for %s', (path, host) => {
  expect(usualHost(path)).toBe(host);
});

it('takes the host where the template says it is', () => {
  const hostOf = hostFromFile('{host}/web.log');
  expect(hostOf('/srv/blog/web.log.3.xz')).toBe('blog');
  expect(hostOf('/srv/web.txt')).toBeUndefined();
  expect(() => hostFromFile('access.log')).toThrow('{host}');
});
