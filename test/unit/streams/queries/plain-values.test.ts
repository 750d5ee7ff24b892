import { expect, it } from 'vitest';
import { plainOf } from '../../../../streams/queries/remote/plain-values.js';

it('a value is sent as JSON that can be read without the program that made it', () => {
  const value = {
    bytes: new Uint8Array([1, 2, 255]),
    buffer: Buffer.from('abc'),
    bins: new Float64Array([0.5, 2]),
    large: 2n ** 63n,
    by: new Map([['a', 1n]]),
    seen: new Set(['x']),
    at: new Date(0),
    nested: [{ none: null, text: 'ä' }],
  };
  expect(JSON.parse(JSON.stringify(plainOf(value)))).toEqual({
    ...{ bytes: 'AQL/', buffer: 'YWJj', bins: [0.5, 2], large: '9223372036854775808', by: [['a', '1']], seen: ['x'] },
    ...{ at: '1970-01-01T00:00:00.000Z', nested: [{ none: null, text: 'ä' }] },
  });
});
