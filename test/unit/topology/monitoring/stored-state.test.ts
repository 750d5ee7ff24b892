import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  type ForgottenState,
  learnedStateSerde,
  onForgottenState,
  storedStateSerde,
} from '../../../../topology/monitoring/stored-state.js';

interface Learned {
  readonly seen: number;
  readonly limits: readonly number[];
}

const learned = learnedStateSerde<Learned>('learned');
const migrated = storedStateSerde<Learned>('migrated', {
  number: 2,
  read: (json) => json as Learned,
  older: { 0: (json) => ({ seen: json as number, limits: [] }), 1: (json) => ({ ...(json as Learned), limits: [1] }) },
});

function read(serde: typeof learned, text: string | Uint8Array): Learned | null {
  // In the middle of a batch, as it comes.
  const bytes = Buffer.concat([
    Buffer.from('x'),
    typeof text === 'string' ? Buffer.from(text) : text,
    Buffer.from('x'),
  ]);
  return serde.deserialize('changelog', bytes, 1, bytes.length - 1);
}

let forgotten: ForgottenState[];
let end: () => void;
beforeEach(() => {
  forgotten = [];
  end = onForgottenState((one) => forgotten.push(one));
});
afterEach(() => end());

it.each([learned, migrated])('gives back what was stored', (serde) => {
  const state = { seen: 3, limits: [1, 2.5] };
  expect(read(serde, serde.serialize('changelog', state))).toEqual(state);
  expect(forgotten).toEqual([]);
});

it.each([
  ['without the number of a format', '{"seen":3,"limits":[1]}', 0],
  ['as a list', '[{"seen":3}]', 0],
  ['as a list of two', '[{"seen":3},{"seen":4}]', 0],
  ['in an older format', '[0.5,{"seen":3}]', 0.5],
  ['in a newer format', '[999,{"seen":3,"limits":{"high":1}}]', 999],
  ['as nothing', 'null', 0],
])('forgets what another version has written %s, and says so', (_name, text, format) => {
  expect(read(learned, text)).toBeNull();
  expect(forgotten).toEqual([{ store: 'learned', format }]);
});

it.each([
  ['without a number', '7', { seen: 7, limits: [] }],
  ['in the format before', '[1,{"seen":8}]', { seen: 8, limits: [1] }],
])('migrates what an older version has written %s', (_name, text, state) => {
  expect(read(migrated, text)).toEqual(state);
  expect(forgotten).toEqual([]);
});
