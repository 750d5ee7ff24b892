import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TimeReader } from '../../../producer/event-time.js';

const two = (most: number) => fc.integer({ min: 0, max: most }).map((number) => String(number).padStart(2, '0'));
const text = fc
  .tuple(
    fc.constantFrom('2026-03-05', '2026-03-29', '2026/03/05', '2026-02-30'),
    fc.constantFrom('T', ' '),
    fc.tuple(two(25), two(60), two(61)).map((parts) => parts.join(':')),
    fc.oneof(
      fc.constant(''),
      fc.tuple(fc.constantFrom('.', ','), fc.stringMatching(/^\d{0,11}$/)).map((parts) => parts.join('')),
    ),
    fc.constantFrom('', 'Z', ' UTC', '+01:00', '-0530', ' CET', ' Europe/Berlin', ' PM', ' AM', '+99:00'),
  )
  .map((parts) => parts.join(''));

it.each([undefined, 'Europe/Berlin'])('a time is the same whatever was read before it (zone %s)', (timeZone) => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 2, maxLength: 12 }), (texts) => {
      const reader = new TimeReader({ timeZone });
      for (const one of texts) {
        const fresh = new TimeReader({ timeZone });
        expect([one, reader.read(one), reader.guess]).toEqual([one, fresh.read(one), fresh.guess]);
      }
    }),
    { numRuns: 300, seed: 20260305 },
  );
});
