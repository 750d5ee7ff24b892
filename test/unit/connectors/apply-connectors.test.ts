import { expect, it } from 'vitest';
import { sameConfig } from '../../../connectors/apply-connectors.js';

it('takes settings for the same whatever their order, with the name that Connect adds', () => {
  expect(sameConfig({ a: '1', b: '2' }, { b: '2', name: 'x', a: '1' }, 'x')).toBe(true);
});

it.each([
  ['another value', { a: '2', name: 'x' }],
  ['a setting less', { name: 'x' }],
  ['a setting more', { a: '1', b: '2', name: 'x' }],
  ['another setting', { b: '1', name: 'x' }],
])('takes settings with %s for others', (_difference, there) => {
  expect(sameConfig({ a: '1' }, there, 'x')).toBe(false);
});
