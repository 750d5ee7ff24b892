import { z } from 'zod';

/** Compacted; the key of a query is its id. */
export const QUERIES_TOPIC = 'saved-queries';

export const savedQuery = z.object({
  id: z.string(),
  name: z.string(),
  sql: z.string(),
  by: z.string(),
  /** Whether a user or a machine: they may have the same names. */
  by_kind: z.enum(['user', 'machine', 'anybody']),
  created: z.number(),
});
export type SavedQuery = z.output<typeof savedQuery>;
