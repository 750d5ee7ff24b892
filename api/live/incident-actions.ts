import { type Log, partitionForString } from '@millrace/streams';
import { z } from 'zod';

export const INCIDENT_ACTIONS_TOPIC = 'incident-actions';

export const ACTIONS = ['acknowledged', 'silenced', 'resolved', 'was_fine', 'was_not_fine'] as const;

export const incidentAction = z
  .object({
    action: z.enum(ACTIONS),
    by: z.string(),
    time: z.number().meta({ description: 'Milliseconds since the epoch.' }),
    note: z.string().nullable(),
    until: z.number().nullable().meta({ description: 'When a silence ends.' }),
  })
  .meta({ id: 'IncidentAction' });
export type IncidentAction = z.output<typeof incidentAction>;

/** The value of a record of the topic; its key is the incident's id, and the topic is compacted. */
export const incidentActions = z.object({ incident: z.string(), actions: z.array(incidentAction) });

const MOST_ACTIONS = 100;

/** What people have said of incidents, as the topic has it. */
export class IncidentActions {
  readonly #byIncident = new Map<string, readonly IncidentAction[]>();
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
  stateOf(incident: string): {
    acknowledged: boolean;
    silenced: boolean;
    was_fine: boolean;
    resolvedAt: number | null;
  } {
    const actions = this.of(incident);
    const last = (...names: readonly IncidentAction['action'][]) =>
      actions.findLast(({ action }) => names.includes(action));
    return {
      acknowledged: last('acknowledged') !== undefined,
      silenced: (last('silenced')?.until ?? 0) > Date.now(),
      was_fine: last('was_fine', 'was_not_fine')?.action === 'was_fine',
      resolvedAt: last('resolved')?.time ?? null,
    };
  }

  /** What has been read of the topic. */
  read(incident: string, value: unknown): void {
    const { data } = incidentActions.safeParse(value);
    if (data === undefined) this.#byIncident.delete(incident);
    else this.#byIncident.set(incident, data.actions);
  }

  /** Resolves when it is in the topic. @throws LogError */
  async add(incident: string, action: IncidentAction): Promise<void> {
    const write = this.#writing.then(async () => {
      const actions = [...this.of(incident), action].slice(-MOST_ACTIONS);
      await this.#log.ensureTopic(INCIDENT_ACTIONS_TOPIC, { partitions: 1, cleanupPolicy: 'compact' });
      const transaction = this.#log.transaction();
      const value = Buffer.from(JSON.stringify({ incident, actions }));
      const partition = partitionForString(incident, 1);
      transaction.append(INCIDENT_ACTIONS_TOPIC, partition, action.time, Buffer.from(incident), value);
      await transaction.commit();
      this.#byIncident.set(incident, actions);
    });
    this.#writing = write.catch(() => {});
    await write;
  }
}
