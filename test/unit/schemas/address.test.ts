import ipaddr from 'ipaddr.js';
import { describe, expect, it, vi } from 'vitest';
import { canonicalAddress } from '../../../schemas/canonical/address.js';

describe('the one spelling of an address', () => {
  it.each([
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::', '::'],
    ['::ffff:203.0.113.5', '203.0.113.5'],
    ['0:0:0:0:0:ffff:203.0.113.005', '203.0.113.5'],
    ['64:ff9b::203.0.113.5', '64:ff9b::cb00:7105'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ])('of %s is %s', (written, canonical) => {
    expect(canonicalAddress(written)).toBe(canonical);
  });

  it.each(['11:05:01', '11:05:01,123', '11:05:01.123', 'a:b:c', '1:2:3:4:5:6:7', 'shop:cart:7'])(
    'is not asked for at the library where a text cannot be one, such as %s: that is an error for each line of a log',
    (text) => {
      const isValid = vi.spyOn(ipaddr.IPv6, 'isValid');
      expect(canonicalAddress(text)).toBeUndefined();
      expect(isValid).not.toHaveBeenCalled();
      isValid.mockRestore();
    },
  );
});
