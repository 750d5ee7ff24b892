import type { Serde } from '@millrace/streams';
import type { Incident } from '../../schemas/records.js';

/** So many incidents are kept at most, of those that are over the newest. */
const KEPT_INCIDENTS = 10_000;

const GRAVITY: Readonly<Record<Incident['severity'], number>> = { info: 0, warning: 1, critical: 2 };

/** The incidents that there were, each as it was last. */
export class IncidentResults {
  readonly #latest = new Map<string, Incident>();
  readonly #kept: number;
  #forgotten = 0;

  constructor(
    readonly topic: string,
    readonly serde: Serde<Incident>,
    kept: number = KEPT_INCIDENTS,
  ) {
    this.#kept = kept;
  }

  get count(): number {
    return this.#latest.size + this.#forgotten;
  }

  /** Those that are not over, the gravest first, of these the newest. */
  get open(): Incident[] {
    return this.gravest(Number.POSITIVE_INFINITY).filter(({ state }) => state !== 'resolved');
  }

  /** The gravest, of these the newest. */
  gravest(number: number): Incident[] {
    return [...this.#latest.values()]
      .sort((one, other) => GRAVITY[other.severity] - GRAVITY[one.severity] || other.opened - one.opened)
      .slice(0, number);
  }

  add(incident: Incident): void {
    this.#latest.set(incident.id, incident);
    if (this.#latest.size > this.#kept) this.#forget();
  }

  delete(id: string): void {
    this.#latest.delete(id);
  }

  /** The half that matters least: what is over, the oldest first. */
  #forget(): void {
    const isOver = ({ state }: Incident) => Number(state === 'resolved');
    const all = [...this.#latest.values()].sort(
      (one, other) => isOver(one) - isOver(other) || other.updated - one.updated,
    );
    const forgotten = all.slice(this.#kept / 2);
    for (const { id } of forgotten) this.#latest.delete(id);
    this.#forgotten += forgotten.length;
  }
}
