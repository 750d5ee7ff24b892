import { setTimeout as delay } from 'node:timers/promises';
import type { Log, LogConsumer, RecordCursor } from '@millrace/streams';
import { type Feedback, feedback } from '../../schemas/feedback.js';
import type { FeedbackSource } from '../../topology/feedback/verdicts.js';
import type { Notify } from '../notice.js';

/** Of what operators have said of incidents; its key is the feedback's id, and it is compacted. */
export const FEEDBACK_TOPIC = 'feedback';
const AT = { topic: FEEDBACK_TOPIC, partition: 0 };
const POLL_MS = 250;
const LOOK_EVERY_MS = 2000;

/** What operators have said, as its topic has it: all of it before the first record is processed, then what comes. */
export class FollowedFeedback implements FeedbackSource {
  readonly #log: Log;
  readonly #onNotice: Notify;
  readonly #byId = new Map<string, Feedback>();
  readonly #closing = new AbortController();
  #list: readonly Feedback[] = [];
  #consumer: LogConsumer | undefined;
  #running: Promise<void> | undefined;

  private constructor(log: Log, onNotice: Notify) {
    this.#log = log;
    this.#onNotice = onNotice;
  }

  /** Resolves when what was said before is known. Where it cannot be read, that is told, and nothing counts as said. */
  static async follow(log: Log, onNotice: Notify): Promise<FollowedFeedback> {
    const followed = new FollowedFeedback(log, onNotice);
    try {
      await followed.#begin();
    } catch (error) {
      followed.#tell(error);
      return followed;
    }
    followed.#running = followed.#follow().catch((error) => followed.#tell(error));
    return followed;
  }

  current(): readonly Feedback[] {
    return this.#list;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#consumer?.close();
    await this.#running;
  }

  /** Nobody has said anything where there is no topic. */
  async #begin(): Promise<void> {
    if ((await this.#log.partitions(FEEDBACK_TOPIC)) === undefined) return;
    const end = await this.#log.endOffset(AT, { settled: true });
    const start = await this.#log.startOffset(AT);
    const consumer = this.#log.consumer();
    this.#consumer = consumer;
    consumer.assign(AT, start);
    for (let next = start; next < end; ) {
      for (const cursor of await consumer.poll(POLL_MS)) {
        this.#read(cursor);
        next = cursor.nextOffset;
      }
    }
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      if (this.#consumer === undefined) {
        await delay(LOOK_EVERY_MS, undefined, { signal, ref: false }).catch(() => {});
        if (!signal.aborted) await this.#begin();
        continue;
      }
      for (const cursor of await this.#consumer.poll(POLL_MS)) this.#read(cursor);
    }
  }

  #read(cursor: RecordCursor): void {
    while (cursor.next()) {
      const { keyBytes, keyEnd, keyStart, valueBytes, valueEnd, valueStart } = cursor;
      if (keyStart < 0) continue;
      const id = keyBytes.toString('utf8', keyStart, keyEnd);
      const said = valueStart < 0 ? undefined : feedbackIn(valueBytes.toString('utf8', valueStart, valueEnd));
      if (said === undefined) this.#byId.delete(id);
      else this.#byId.set(id, said);
    }
    this.#list = [...this.#byId.values()];
  }

  #tell(error: unknown): void {
    if (!this.#closing.signal.aborted) this.#onNotice({ kind: 'feedback-unread', why: (error as Error).message });
  }
}

/** What is no feedback is as if it were not there. */
function feedbackIn(text: string): Feedback | undefined {
  try {
    return feedback.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
