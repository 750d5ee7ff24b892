import { z } from 'zod';
import type { Said } from './state.js';

/** A value of `incident-actions`: what people have said of an incident, the oldest first. */
const actionsSchema = z.object({
  actions: z.array(
    z.object({
      action: z.enum(['acknowledged', 'silenced', 'resolved', 'was_fine', 'was_not_fine']),
      time: z.number(),
      until: z.number().nullable().default(null),
    }),
  ),
});

/** What it comes to. */
export function saidIn(value: unknown): Said | undefined {
  const { data } = actionsSchema.safeParse(value);
  if (data === undefined) return undefined;
  const { actions } = data;
  const ended = actions.findLast(({ action }) => action === 'resolved' || action === 'was_fine');
  return {
    acknowledged: actions.some(({ action }) => action === 'acknowledged'),
    silencedUntil: actions.findLast(({ action }) => action === 'silenced')?.until ?? 0,
    endedAt: ended?.time ?? null,
  };
}
