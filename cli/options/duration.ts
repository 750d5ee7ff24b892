import { toMilliseconds } from '@millrace/streams';
import { z } from 'zod';

const BARE_NUMBER = /^\s*(\d+(?:\.\d+)?)\s*$/;
/** What timers of Node can wait: 2^31 - 1 ms; a longer one would go off at once. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** A duration as options take it, such as 500ms, 20s, 5m or 1h, in milliseconds. A bare number says no unit: only 0 needs none. */
export const duration = z.string().transform((text, context): number => {
  const [, number] = BARE_NUMBER.exec(text) ?? [];
  if (number !== undefined && Number(number) !== 0) {
    return refuse(context, `${number} what? give a unit: ${number}s, ${number}ms, 1m`);
  }
  try {
    return toMilliseconds(number === undefined ? text : 0, 'it');
  } catch {
    return refuse(context, 'It must be a duration such as 500ms, 20s, 5m or 1h, of whole milliseconds.');
  }
});

export const positiveDuration = duration.refine((milliseconds) => milliseconds > 0, 'It must be more than 0.');

/** How long something is waited for. */
export const wait = duration.refine((milliseconds) => milliseconds <= LONGEST_WAIT_MS, 'It must be 24 days or less.');

export const positiveWait = wait.refine((milliseconds) => milliseconds > 0, 'It must be more than 0.');

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}
