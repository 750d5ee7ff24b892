import { z } from 'zod';
import type { Notification } from './decider.js';
import type { JsonRecord } from './topics.js';

/** A try to tell a channel. */
export const attemptSchema = z.object({
  time: z.number(),
  took_ms: z.number(),
  ok: z.boolean(),
  /** What the receiver said, or what failed. */
  said: z.string(),
});
export type Attempt = z.output<typeof attemptSchema>;

/** What was to be told, and how it went; the value of a record of `notify-deliveries`. */
export interface DeliveryRecord {
  readonly id: string;
  readonly state: 'pending' | 'delivered' | 'failed';
  readonly created: number;
  readonly attempts: readonly Attempt[];
  readonly notification: Notification;
}

const shape = z.object({
  id: z.string(),
  state: z.enum(['pending', 'delivered', 'failed']),
  created: z.number(),
  attempts: z.array(attemptSchema),
  notification: z.custom<Notification>(
    (value) => typeof value === 'object' && value !== null && Array.isArray((value as Notification).incidents),
  ),
});

const MAX_KEPT = 5_000;

/** The newest deliveries, as the topic has them. */
export class DeliveryLog {
  readonly #byId = new Map<string, DeliveryRecord>();

  read({ value }: JsonRecord): void {
    const { data } = shape.safeParse(value);
    if (data === undefined) return;
    this.#byId.set(data.id, data);
    const [oldest] = this.#byId.keys();
    if (this.#byId.size > MAX_KEPT && oldest !== undefined) this.#byId.delete(oldest);
  }

  get(id: string): DeliveryRecord | undefined {
    return this.#byId.get(id);
  }

  /** The newest first. */
  all(): readonly DeliveryRecord[] {
    return [...this.#byId.values()].reverse();
  }

  of(incident: string): readonly DeliveryRecord[] {
    return this.all().filter(({ notification }) => notification.incidents.some((one) => one.incident.id === incident));
  }
}
