import { z } from 'zod';
import type { Incident, Severity } from '../schemas/records.js';
import { gravityOf } from './grouping.js';

/** What somebody last said of whether an incident was fine, and of what else that holds; plain data. */
export interface Feedback {
  /** Kind of source and scope. */
  readonly scope: string;
  readonly severity: Severity;
  readonly detectors: readonly string[];
  /** When it was said. */
  readonly time: number;
  /** Until when the same is fine again; null: it was not fine. */
  readonly until: number | null;
}

const shape = z.object({
  about: z.object({
    source_kind: z.string(),
    scope: z.string(),
    severity: z.enum(['info', 'warning', 'critical']),
    detectors: z.array(z.string()),
  }),
  actions: z.array(
    z.looseObject({
      action: z.string(),
      time: z.number(),
      until: z.number().nullable().default(null),
      learned: z.string().nullable().default(null),
    }),
  ),
});

export function scopeOf({ scope, source_kind }: Pick<Incident, 'scope' | 'source_kind'>): string {
  return `${source_kind}/${scope}`;
}

/** What a value of `incident-actions` says of more than its own incident. */
export function feedbackIn(value: unknown): Feedback | undefined {
  const { data } = shape.safeParse(value);
  const last = data?.actions.findLast(({ action }) => action === 'was_fine' || action === 'was_not_fine');
  if (data === undefined || last === undefined) return undefined;
  const { detectors, scope, severity, source_kind } = data.about;
  // What was fine without a time was so for its incident alone; and what detectors have learned, they judge by more than this.
  const until = last.action === 'was_fine' ? (last.learned === null ? (last.until ?? 0) : 0) : null;
  return { scope: `${source_kind}/${scope}`, severity, detectors, time: last.time, until };
}

/**
 * Until when an incident is of what was said to be fine: of the same scope, no graver, and found by no other detectors. What
 * was said last of those counts.
 *
 * @returns null: nobody has said so, or it is over
 */
export function fineUntil(all: Iterable<Feedback>, incident: Incident, now: number): number | null {
  let newest: Feedback | undefined;
  for (const feedback of all) {
    if (feedback.scope !== scopeOf(incident) || (newest !== undefined && newest.time >= feedback.time)) continue;
    const applies =
      feedback.until === null
        ? incident.detectors.some((one) => feedback.detectors.includes(one))
        : incident.detectors.every((one) => feedback.detectors.includes(one)) &&
          gravityOf(incident.severity) <= gravityOf(feedback.severity);
    if (applies) newest = feedback;
  }
  const until = newest?.until ?? 0;
  return until > now ? until : null;
}
