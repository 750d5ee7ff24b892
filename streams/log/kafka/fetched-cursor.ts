import { type Header, type Headers, LogError, NO_HEADERS, type RecordCursor } from '../log.js';
import { decompress } from './decompress.js';
import type { AbortedTransaction } from './fetch-api.js';

/** Where the fields of a batch are, from its start (https://kafka.apache.org/documentation/#recordbatch). */
const LENGTH_AT = 8;
const MAGIC_AT = 16;
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_DELTA_AT = 23;
const FIRST_TIMESTAMP_AT = 27;
const MAX_TIMESTAMP_AT = 35;
const PRODUCER_ID_AT = 43;
const COUNT_AT = 57;
const RECORDS_AT = 61;
/** What comes before the part that the length counts. */
const UNCOUNTED_BYTES = 12;

const MAGIC = 2;
const CODEC_MASK = 0b111;
const LOG_APPEND_TIME = 1 << 3;
const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;
/** Of a control record's key: its version, and then its type. */
const CONTROL_TYPE_AT = 2;
const ABORT = 0;

/** The whole batches at the start of fetched records: how many bytes, and the offset after the last; undefined for none. */
export function wholeBatches(bytes: Buffer): { readonly size: number; readonly nextOffset: number } | undefined {
  let size = 0;
  let last = -1;
  while (size + RECORDS_AT <= bytes.length) {
    const end = size + UNCOUNTED_BYTES + bytes.readInt32BE(size + LENGTH_AT);
    if (end > bytes.length) break;
    last = size;
    size = end;
  }
  if (last < 0) return undefined;
  return { size, nextOffset: readInt64(bytes, last) + bytes.readInt32BE(last + LAST_OFFSET_DELTA_AT) + 1 };
}

/** Moves over Kafka's record batches in place, and passes over what was aborted and what marks transactions' ends. */
export class FetchedCursor implements RecordCursor {
  offset = -1;
  timestamp = -1;
  keyStart = -1;
  keyEnd = -1;
  valueStart = -1;
  valueEnd = -1;
  /** The records of the current batch: in `#batches`, or what was decompressed. */
  #bytes: Buffer;
  #position = 0;
  #recordsEnd = 0;
  #headersAt = 0;
  #left = 0;
  #baseOffset = 0;
  #firstTimestamp = 0;
  /** -1 unless the broker has stamped the batch. */
  #appendTime = -1;
  readonly #batches: Buffer;
  #nextBatch = 0;
  readonly #from: number;
  readonly #aborted: AbortedTransaction[];
  /** Producers in whose aborted transactions the cursor is. */
  readonly #aborting = new Set<number>();

  /**
   * @param batches whole ones
   * @param from where to start: a batch may begin before it
   */
  constructor(
    readonly topic: string,
    readonly partition: number,
    batches: Buffer,
    from: number,
    readonly nextOffset: number,
    aborted: readonly AbortedTransaction[],
  ) {
    this.#batches = batches;
    this.#bytes = batches;
    this.#from = from;
    this.#aborted = aborted.toSorted((a, b) => b.firstOffset - a.firstOffset);
  }

  get keyBytes(): Buffer {
    return this.#bytes;
  }

  get valueBytes(): Buffer {
    return this.#bytes;
  }

  /** @throws LogError LOG_CORRUPT */
  next(): boolean {
    for (;;) {
      while (this.#left === 0) {
        if (this.#nextBatch === this.#batches.length) return false;
        this.#openBatch();
      }
      this.#left--;
      this.#readRecord();
      if (this.offset >= this.#from) return true;
    }
  }

  get headers(): Headers {
    const end = this.#position;
    this.#position = this.#headersAt;
    const count = this.#varint();
    if (count === 0) {
      this.#position = end;
      return NO_HEADERS;
    }
    const headers: Header[] = [];
    for (let i = 0; i < count; i++) {
      const key = this.#range().toString();
      headers.push({ key, value: Buffer.from(this.#range()) });
      if (this.#position > end) throw this.#corrupt('is cut off');
    }
    this.#position = end;
    return headers;
  }

  /** Moves to the next batch; one that is to be passed over has no records left. */
  #openBatch(): void {
    const bytes = this.#batches;
    const start = this.#nextBatch;
    const end = start + UNCOUNTED_BYTES + bytes.readInt32BE(start + LENGTH_AT);
    this.#nextBatch = end;
    this.#baseOffset = readInt64(bytes, start);
    if (bytes[start + MAGIC_AT] !== MAGIC) throw this.#corrupt(`has the message format ${bytes[start + MAGIC_AT]}`);
    const attributes = bytes.readInt16BE(start + ATTRIBUTES_AT);
    const codec = attributes & CODEC_MASK;
    this.#bytes = bytes;
    this.#position = start + RECORDS_AT;
    this.#recordsEnd = end;
    const lastOffset = this.#baseOffset + bytes.readInt32BE(start + LAST_OFFSET_DELTA_AT);
    if (lastOffset < this.#from || this.#isPassedOver(attributes, readInt64(bytes, start + PRODUCER_ID_AT), lastOffset))
      return;
    if (codec !== 0) {
      this.#bytes = decompress(codec, bytes.subarray(start + RECORDS_AT, end));
      this.#position = 0;
      this.#recordsEnd = this.#bytes.length;
    }
    this.#left = bytes.readInt32BE(start + COUNT_AT);
    this.#firstTimestamp = readInt64(bytes, start + FIRST_TIMESTAMP_AT);
    this.#appendTime = (attributes & LOG_APPEND_TIME) === 0 ? -1 : readInt64(bytes, start + MAX_TIMESTAMP_AT);
  }

  #isPassedOver(attributes: number, producerId: number, lastOffset: number): boolean {
    if ((attributes & TRANSACTIONAL) === 0) return (attributes & CONTROL) !== 0;
    for (let next = this.#aborted.at(-1); next !== undefined; next = this.#aborted.at(-1)) {
      if (next.firstOffset > lastOffset) break;
      this.#aborting.add(next.producerId);
      this.#aborted.pop();
    }
    if ((attributes & CONTROL) === 0) return this.#aborting.has(producerId);
    this.#readRecord();
    if (this.keyEnd - this.keyStart >= CONTROL_TYPE_AT + 2) {
      if (this.#bytes.readInt16BE(this.keyStart + CONTROL_TYPE_AT) === ABORT) this.#aborting.delete(producerId);
    }
    return true;
  }

  /** Length, attributes, timestamp's and offset's deltas, key, value, headers; all but the attributes are varints. */
  #readRecord(): void {
    const length = this.#varint();
    const end = this.#position + length;
    // Reads past the end of the bytes yield nonsense, which the check of the ends finds.
    this.#position++;
    const timestampDelta = this.#varint();
    this.timestamp = this.#appendTime < 0 ? this.#firstTimestamp + timestampDelta : this.#appendTime;
    this.offset = this.#baseOffset + this.#varint();
    const keyLength = this.#varint();
    this.keyStart = keyLength < 0 ? -1 : this.#position;
    if (keyLength > 0) this.#position += keyLength;
    this.keyEnd = keyLength < 0 ? -1 : this.#position;
    const valueLength = this.#varint();
    this.valueStart = valueLength < 0 ? -1 : this.#position;
    if (valueLength > 0) this.#position += valueLength;
    this.valueEnd = valueLength < 0 ? -1 : this.#position;
    this.#headersAt = this.#position;
    if (!(end <= this.#recordsEnd && this.#headersAt < end)) throw this.#corrupt('is cut off');
    this.#position = end;
  }

  #range(): Buffer {
    const length = Math.max(0, this.#varint());
    this.#position += length;
    return this.#bytes.subarray(this.#position - length, this.#position);
  }

  /** A zigzag varint of up to 53 bits. */
  #varint(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#position++] as number;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 0x7f;
    let scale = 128;
    do {
      byte = bytes[this.#position++] as number;
      value += (byte & 0x7f) * scale;
      scale *= 128;
    } while (byte >= 0x80 && scale <= 2 ** 56);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #corrupt(what: string): LogError {
    this.#left = 0;
    this.#nextBatch = this.#batches.length;
    return new LogError(
      'LOG_CORRUPT',
      `the batch of ${this.topic}-${this.partition} at offset ${this.#baseOffset} ${what}`,
    );
  }
}

/** A signed 64-bit integer as a number; exact up to 2^53. */
function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}
