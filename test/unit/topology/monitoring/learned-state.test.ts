import { expect, it } from 'vitest';
import { learnedStateSerde } from '../../../../topology/monitoring/learned-state.js';

const serde = learnedStateSerde<{ readonly seen: number; readonly limits: readonly number[] }>();
const read = (text: string | Uint8Array) => {
  // In the middle of a batch, as it comes.
  const bytes = Buffer.concat([
    Buffer.from('x'),
    typeof text === 'string' ? Buffer.from(text) : text,
    Buffer.from('x'),
  ]);
  return serde.deserialize('changelog', bytes, 1, bytes.length - 1);
};

it('gives back what was learned', () => {
  const state = { seen: 3, limits: [1, 2.5] };
  expect(read(serde.serialize('changelog', state))).toEqual(state);
});

it.each([
  ['without the mark of a format', '{"seen":3,"limits":[1]}'],
  ['as a list', '[{"seen":3}]'],
  ['in an older format', '[0,{"seen":3}]'],
  ['in a newer format', '[999,{"seen":3,"limits":{"high":1}}]'],
  ['as nothing', 'null'],
])('knows nothing of what another version has written %s', (_name, text) => {
  expect(read(text)).toBeNull();
});
