import { expect, test } from 'vitest';
import { offeredFor } from '../../../../web/pages/incidents/offered-actions.js';

const open = { state: 'ongoing', acknowledged: false, was_fine: false } as const;

test('an open incident is acknowledged, silenced, or was fine', () => {
  expect(offeredFor(open, true)).toEqual({ acknowledge: true, silence: true, fine: true });
});

test('one that is acknowledged is not acknowledged again', () => {
  expect(offeredFor({ ...open, acknowledged: true }, true)).toEqual({ acknowledge: false, silence: true, fine: true });
});

test('one that is over, or was fine, is neither acknowledged nor silenced: nobody is told of it', () => {
  const nobodyIsTold = { acknowledge: false, silence: false, fine: true };
  expect(offeredFor({ ...open, state: 'resolved' }, true)).toEqual(nobodyIsTold);
  expect(offeredFor({ ...open, was_fine: true }, true)).toEqual(nobodyIsTold);
});

test('who may only look is offered nothing', () => {
  expect(offeredFor(open, false)).toEqual({ acknowledge: false, silence: false, fine: false });
});
