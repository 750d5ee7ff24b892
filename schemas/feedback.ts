import { z } from 'zod';
import type { Alert } from './records.js';

export const DIRECTIONS = ['high', 'low'] as const;
export type Direction = (typeof DIRECTIONS)[number];

const time = z.number().meta({ description: 'Milliseconds since the epoch.' });

/** How far one signal of one detector went when it was judged by people. */
export const feedbackLimit = z
  .object({
    source_kind: z.enum(['web', 'service', 'sensor']),
    detector: z.string(),
    entity: z.string(),
    signal: z.string().meta({ description: 'What the detector watches: a chart of its, or else the field.' }),
    direction: z.enum(DIRECTIONS),
    severity: z.enum(['info', 'warning', 'critical']),
    value: z.number().meta({ description: 'The gravest value that is fine.' }),
    longest_ms: z
      .number()
      .nullable()
      .meta({ description: 'What goes on for longer is told; null: it may go on for as long as it likes.' }),
    words: z.string().meta({ description: 'What is not told again, such as `errors of checkout up to 12 %`.' }),
  })
  .meta({ id: 'FeedbackLimit' });
export type FeedbackLimit = z.output<typeof feedbackLimit>;

/** What operators have said of an incident, for pipelines to judge by. */
export const feedback = z
  .object({
    id: z.string(),
    incident: z.string(),
    verdict: z.enum(['fine', 'fault']),
    by: z.string(),
    note: z.string().nullable(),
    said: time,
    from: time.meta({ description: 'It holds for alerts from this time of the events on, in ms since the epoch.' }),
    until: time.nullable().meta({ description: 'And up to this time; null: until it is taken back.' }),
    daily: z
      .object({
        from_minute: z.int().min(0).max(1439),
        to_minute: z.int().min(0).max(1439),
        time_zone: z.string(),
      })
      .nullable()
      .meta({ description: 'It holds in these minutes of the day only; past midnight where the end is the smaller.' }),
    entities: z
      .enum(['same', 'alike'])
      .meta({ description: '`alike`: also those whose names differ in digits only, or addresses of one network.' }),
    limits: z.array(feedbackLimit),
  })
  .meta({ id: 'Feedback' });
export type Feedback = z.output<typeof feedback>;

/** The farthest that a signal went in an episode. */
export interface Peak extends Pick<FeedbackLimit, 'signal' | 'direction' | 'severity' | 'value'> {
  readonly field: string;
  readonly expected_low: number | null;
  readonly expected_high: number | null;
  /** Of what is counted. */
  readonly failures: number | null;
  readonly count: number | null;
}

/** Values of the topic of alerts' episodes: how far one went, and whether it was told. */
export interface AlertEpisode {
  readonly alert: Alert;
  readonly state: 'open' | 'over';
  readonly began: number;
  readonly updated: number;
  readonly peaks: readonly Peak[];
  /** Why it was not told; null: it was. */
  readonly quiet: { readonly feedback: string | null; readonly why: string } | null;
}
