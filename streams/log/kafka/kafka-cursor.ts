import type { Message } from '@confluentinc/kafka-javascript';
import { type Headers, NO_HEADERS, type RecordCursor } from '../log.js';

const NONE = Buffer.alloc(0);

/** Moves over the messages of one partition that one poll has brought. */
export class KafkaCursor implements RecordCursor {
  offset = -1;
  timestamp = 0;
  keyBytes: Buffer = NONE;
  keyStart = -1;
  keyEnd = -1;
  valueBytes: Buffer = NONE;
  valueStart = -1;
  valueEnd = -1;
  #message: Message | undefined;
  #index = 0;

  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly messages: Message[],
    /** Past the last message, and past the marks that transactions leave behind it. */
    public nextOffset: number,
  ) {}

  next(): boolean {
    const message = this.messages[this.#index++];
    if (message === undefined) return false;
    this.#message = message;
    this.offset = message.offset;
    this.timestamp = message.timestamp ?? 0;
    const key = message.key as Buffer | null | undefined;
    if (key === null || key === undefined) {
      this.keyStart = -1;
      this.keyEnd = -1;
    } else {
      this.keyBytes = key;
      this.keyStart = 0;
      this.keyEnd = key.length;
    }
    const { value } = message;
    if (value === null) {
      this.valueStart = -1;
      this.valueEnd = -1;
    } else {
      this.valueBytes = value;
      this.valueStart = 0;
      this.valueEnd = value.length;
    }
    return true;
  }

  get headers(): Headers {
    const headers = this.#message?.headers;
    if (headers === undefined) return NO_HEADERS;
    return headers.flatMap((header) =>
      Object.entries(header).map(([key, value]) => ({
        key,
        value: typeof value === 'string' ? Buffer.from(value) : value,
      })),
    );
  }
}
