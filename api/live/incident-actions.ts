import { type Log, partitionForString } from '@millrace/streams';
import { z } from 'zod';
import { type Feedback, feedbackIn, fineUntil } from '../../notify/feedback.js';
import type { Incident } from '../../schemas/records.js';

export const INCIDENT_ACTIONS_TOPIC = 'incident-actions';

export const ACTIONS = ['acknowledged', 'silenced', 'resolved', 'was_fine', 'was_not_fine'] as const;

export const incidentAction = z
  .object({
    action: z.enum(ACTIONS),
    by: z.string(),
    time: z.number().meta({ description: 'Milliseconds since the epoch.' }),
    note: z.string().nullable(),
    until: z.number().nullable().meta({ description: 'When a silence ends, or until when the same is fine.' }),
    learned: z
      .string()
      .nullable()
      .default(null)
      .meta({ description: 'The id of the feedback that detectors judge by since.' }),
  })
  .meta({ id: 'IncidentAction' });
export type IncidentAction = z.output<typeof incidentAction>;

/**
 * The value of a record of the topic; its key is the incident's id, and the topic is compacted. It says also what the
 * incident was about (`about`: source_kind, scope, severity, detectors), for those who learn from what was fine.
 */
export const incidentActions = z.object({ incident: z.string(), actions: z.array(incidentAction) });

const MAX_ACTIONS = 100;

/** What people have said of incidents, as the topic has it. */
export class IncidentActions {
  readonly #byIncident = new Map<string, readonly IncidentAction[]>();
  readonly #feedback = new Map<string, Feedback>();
  readonly #log: Log;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(log: Log) {
    this.#log = log;
  }

  /** The oldest first. */
  of(incident: string): readonly IncidentAction[] {
    return this.#byIncident.get(incident) ?? [];
  }

  /** What they come to. */
  stateOf(incident: Incident): {
    acknowledged: boolean;
    silenced: boolean;
    was_fine: boolean;
    fine_until: number | null;
    resolvedAt: number | null;
  } {
    const actions = this.of(incident.id);
    const last = (...names: readonly IncidentAction['action'][]) =>
      actions.findLast(({ action }) => names.includes(action));
    return {
      acknowledged: last('acknowledged') !== undefined,
      silenced: (last('silenced')?.until ?? 0) > Date.now(),
      was_fine: last('was_fine', 'was_not_fine')?.action === 'was_fine',
      fine_until: fineUntil(this.#feedback.values(), incident, Date.now()),
      resolvedAt: last('resolved')?.time ?? null,
    };
  }

  /** What has been read of the topic. */
  read(incident: string, value: unknown): void {
    const { data } = incidentActions.safeParse(value);
    if (data === undefined) this.#byIncident.delete(incident);
    else this.#byIncident.set(incident, data.actions);
    const feedback = feedbackIn(value);
    if (feedback === undefined) this.#feedback.delete(incident);
    else this.#feedback.set(incident, feedback);
  }

  /** Resolves when it is in the topic. @throws LogError */
  async add(incident: Incident, action: IncidentAction): Promise<void> {
    const { detectors, id, scope, severity, source_kind } = incident;
    const write = this.#writing.then(async () => {
      const actions = [...this.of(id), action].slice(-MAX_ACTIONS);
      await this.#log.ensureTopic(INCIDENT_ACTIONS_TOPIC, { partitions: 1, cleanupPolicy: 'compact' });
      const transaction = this.#log.transaction();
      const value = { incident: id, about: { source_kind, scope, severity, detectors }, actions };
      const bytes = Buffer.from(JSON.stringify(value));
      transaction.append(INCIDENT_ACTIONS_TOPIC, partitionForString(id, 1), action.time, Buffer.from(id), bytes);
      await transaction.commit();
      this.read(id, value);
    });
    this.#writing = write.catch(() => {});
    await write;
  }
}
