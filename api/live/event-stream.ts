import type { ServerResponse } from 'node:http';
import type { EventHub, EventType, LiveEvent } from './event-hub.js';

export const HEARTBEAT_MS = 15_000;
/** Events are gathered for so long before they are written. */
const FLUSH_MS = 50;
/** What waits for a client that does not read as fast as events come. */
const MAX_WAITING = 2_000;
const MAX_WAITING_BYTES = 2 * 1024 * 1024;
const SECOND_MS = 1_000;

export interface StreamOptions {
  readonly types: ReadonlySet<EventType>;
  /** Whether a line is wanted. */
  readonly wantsLine: (line: Readonly<Record<string, unknown>>) => boolean;
  /** More lines in a second are left out, and counted in a `gap`. */
  readonly linesPerSecond: number;
  /** The id of the last event that the client has. */
  readonly lastId: string | undefined;
  /** False: whoever this was for may no longer see it. Asked with each heartbeat. */
  readonly isAllowed: () => boolean;
}

/** A client's stream of events: what it wants, in a bounded queue, and how many it has missed. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #options: StreamOptions;
  readonly #waiting: string[] = [];
  #waitingBytes = 0;
  readonly #missed = new Map<EventType, number>();
  #linesInSecond = 0;
  #secondAt = 0;
  #isFull = false;
  #flush: NodeJS.Timeout | undefined;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #stopListening: () => void;

  constructor(hub: EventHub, response: ServerResponse, options: StreamOptions) {
    this.#response = response;
    this.#options = options;
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    // The id is what a client comes back with that has seen no event yet.
    response.write(`retry: 2000\nid: ${hub.lastId}\nevent: hello\ndata: {}\n\n`);
    response.on('drain', () => {
      this.#isFull = false;
      this.#write();
    });
    if (options.lastId !== undefined) this.#replay(hub, options.lastId);
    this.#stopListening = hub.listen((event) => this.#offer(event));
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    response.on('close', () => this.close());
  }

  close(): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#flush);
    this.#stopListening();
    this.#waiting.length = 0;
    this.#response.end();
  }

  #replay(hub: EventHub, lastId: string): void {
    const { events, missed } = hub.after(lastId);
    const wanted = events.filter((event) => this.#wants(event));
    const shown = wanted.slice(-MAX_WAITING);
    const left = wanted.length - shown.length;
    if (missed === null || missed + left > 0) {
      this.#queue(gapText('all', missed === null ? null : missed + left));
    }
    for (const event of shown) this.#queue(event.text);
  }

  #wants({ data, type }: LiveEvent): boolean {
    return this.#options.types.has(type) && (type !== 'log' || this.#options.wantsLine(data));
  }

  #offer(event: LiveEvent): void {
    if (!this.#wants(event)) return;
    const isTooFast = event.type === 'log' && this.#isOverRate();
    if (isTooFast || this.#waiting.length >= MAX_WAITING || this.#waitingBytes >= MAX_WAITING_BYTES) {
      this.#missed.set(event.type, (this.#missed.get(event.type) ?? 0) + 1);
      this.#schedule();
      return;
    }
    this.#queue(event.text);
  }

  #isOverRate(): boolean {
    const now = Date.now();
    if (now - this.#secondAt >= SECOND_MS) {
      this.#secondAt = now;
      this.#linesInSecond = 0;
    }
    return ++this.#linesInSecond > this.#options.linesPerSecond;
  }

  #queue(text: string): void {
    this.#waiting.push(text);
    this.#waitingBytes += text.length;
    this.#schedule();
  }

  #schedule(): void {
    this.#flush ??= setTimeout(() => {
      this.#flush = undefined;
      this.#write();
    }, FLUSH_MS);
  }

  #write(): void {
    if (this.#isFull || this.#response.destroyed) return;
    // What was missed is told when what came before it has gone out, once a second at most.
    if (this.#waiting.length === 0 && this.#missed.size === 0) return;
    const texts = this.#waiting.splice(0);
    this.#waitingBytes = 0;
    if (Date.now() - this.#secondAt >= SECOND_MS || texts.length === 0) {
      for (const [type, missed] of this.#missed) texts.push(gapText(type, missed));
      this.#missed.clear();
    }
    if (texts.length > 0) this.#isFull = !this.#response.write(texts.join(''));
    if (this.#missed.size > 0) this.#schedule();
  }

  #beat(): void {
    if (!this.#options.isAllowed()) this.close();
    else if (!this.#isFull) this.#isFull = !this.#response.write(': heartbeat\n\n');
  }
}

/** It has no id: who comes back goes on from the last event that it has. */
function gapText(type: EventType | 'all', missed: number | null): string {
  return `event: gap\ndata: ${JSON.stringify({ type, missed })}\n\n`;
}
