import { z } from 'zod';
import { range } from '../parameters.js';
import { logSource } from '../records.js';

/** What lines are asked for. */
export const logFilter = range.extend({
  source: logSource.default('services'),
  q: z
    .string()
    .max(2000)
    .default('')
    .meta({ description: '`level:ERROR service:auth-* -status:200 response_time:>500 "words"`' }),
});
