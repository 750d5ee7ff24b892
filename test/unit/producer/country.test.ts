import { describe, expect, it } from 'vitest';
import { CountryLookup } from '../../../producer/country.js';

describe('the country of an address', () => {
  it.each([
    // Addresses of name servers, whose operators say where they are registered.
    ['8.8.8.8', 'US'],
    ['2001:4860:4860::8888', 'US'],
    ['::ffff:8.8.8.8', 'US'],
    ['::FFFF:8.8.8.8', 'US'],
    ['194.0.0.53', 'DE'],
  ])('%s is %s', (address, country) => {
    expect(new CountryLookup().country(address)).toBe(country);
  });

  it.each(['10.0.0.1', '172.16.0.1', '192.168.1.1', '127.0.0.1', '100.64.0.1', '169.254.1.1', '0.0.0.0', '224.0.0.1'])(
    '%s, which is not public, is ZZ',
    (address) => {
      expect(new CountryLookup().country(address)).toBe('ZZ');
    },
  );

  it.each(['::1', 'fe80::1', 'fe80::1%eth0', 'fc00::1', '::ffff:10.0.0.1', '203.0.113.1'])(
    '%s, which is not public either, is ZZ',
    (address) => {
      expect(new CountryLookup().country(address)).toBe('ZZ');
    },
  );

  it('is the same after more addresses than are cached', () => {
    const lookup = new CountryLookup();
    expect(lookup.country('8.8.8.8')).toBe('US');
    for (let n = 0; n < 80_000; n++) lookup.country(`10.${n >> 16}.${(n >> 8) & 0xff}.${n & 0xff}`);
    expect(lookup.country('8.8.8.8')).toBe('US');
  });
});
