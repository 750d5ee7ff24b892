import { randomBytes } from 'node:crypto';

export const EVENT_TYPES = ['log', 'metrics', 'alert', 'incident', 'topology'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Something that has happened, for all who listen. */
export interface LiveEvent {
  /** `<server>-<number>`: numbers of one server follow each other. */
  readonly id: string;
  readonly number: number;
  readonly type: EventType;
  readonly data: Readonly<Record<string, unknown>>;
  /** As it goes to clients, written once for all of them. */
  readonly text: string;
}

/** So many events can be sent again to who comes back. */
const KEPT = 20_000;

/** Gives events to those who listen, and keeps the newest for who comes back. */
export class EventHub {
  /** Other for each start of the server: numbers of an earlier one mean nothing. */
  readonly #server = randomBytes(4).toString('hex');
  readonly #kept: number;
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  readonly #events: LiveEvent[] = [];
  #number = 0;

  constructor(kept: number = KEPT) {
    this.#kept = kept;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** The id of the newest event. */
  get lastId(): string {
    return `${this.#server}-${this.#number}`;
  }

  publish(type: EventType, data: LiveEvent['data']): void {
    const number = ++this.#number;
    const id = `${this.#server}-${number}`;
    let text: string | undefined;
    const event: LiveEvent = {
      ...{ id, number, type, data },
      get text() {
        text ??= `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
        return text;
      },
    };
    this.#events.push(event);
    if (this.#events.length > this.#kept * 2) this.#events.splice(0, this.#events.length - this.#kept);
    for (const listener of this.#listeners) listener(event);
  }

  /** @returns what ends it */
  listen(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The events after that of the id, and how many of them are no longer known; `missed` is null where nobody can tell, as
   * after a restart of the server.
   */
  after(lastId: string): { readonly events: readonly LiveEvent[]; readonly missed: number | null } {
    const [, server, digits] = /^([0-9a-f]{8})-(\d{1,15})$/.exec(lastId) ?? [];
    if (server !== this.#server || Number(digits) > this.#number) return { events: [], missed: null };
    const next = Number(digits) + 1;
    const oldest = this.#events[0]?.number ?? this.#number + 1;
    return {
      events: this.#events.slice(Math.max(0, next - oldest)),
      missed: Math.max(0, oldest - next),
    };
  }
}
