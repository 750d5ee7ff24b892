import { expect, it } from 'vitest';
import { warningText } from '../../../../cli/terminal/warnings.js';

it("a warning is a line of the program's, without its number and without control characters", () => {
  const text = `${warningText(new Error('the state in a\u001b[2J is damaged'), {})}`;

  expect(text).toMatch(/^warning: the state in a.*is damaged$/);
  expect(text).not.toContain('\u001b');
});

it('what only developers can act upon is said where they ask for it', () => {
  const deprecation = Object.assign(new Error('use that'), { name: 'DeprecationWarning' });
  expect(warningText(deprecation, {})).toBeUndefined();
  expect(`${warningText(deprecation, { MILLRACE_DEBUG: '1' })}`).toBe('warning: use that');
});
