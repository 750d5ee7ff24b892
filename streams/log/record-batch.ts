import { writeVarint } from '../serde/varint.js';
import { type Header, type Headers, LogError, NO_HEADERS, type RecordCursor } from './log.js';

/**
 * A batch of records as bytes.
 *
 * Header: version (1 byte), flags (1 byte: 1 = sparse), number of records (4 bytes), last offset less the first (4
 * bytes), base timestamp and time of the append (8-byte doubles), all big-endian. A record is: in a sparse batch its
 * offset less the batch's first (varint); timestamp less the base (zigzag varint); key and value, each as its length
 * plus 1 (varint, 0 is null) and bytes; the number of headers (varint), each as key and value with their lengths.
 */
const VERSION = 1;
const SPARSE = 1;
const HEADER_BYTES = 26;

/** Collects records into one batch. */
export class RecordBatchBuilder {
  count = 0;
  #bytes: Buffer;
  #size = HEADER_BYTES;
  #baseTimestamp = 0;
  #lastOffsetDelta = -1;
  readonly #sparse: boolean;

  /** A sparse batch says the offset of each of its records: it has gaps, where compaction took records out. */
  constructor(options: { readonly sparse?: boolean; readonly initialBytes?: number } = {}) {
    this.#sparse = options.sparse ?? false;
    this.#bytes = Buffer.allocUnsafe(options.initialBytes ?? 4096);
  }

  get sizeBytes(): number {
    return this.#size;
  }

  /** @param offsetDelta the record's offset less the batch's first; for sparse batches only */
  append(
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: Headers = NO_HEADERS,
    offsetDelta = this.count,
  ): void {
    let needed = this.#size + 40 + (key?.length ?? 0) + (value?.length ?? 0);
    for (const header of headers) needed += header.key.length * 3 + header.value.length + 16;
    if (needed > this.#bytes.length) this.#grow(needed);
    const bytes = this.#bytes;
    let at = this.#size;
    if (this.count === 0) this.#baseTimestamp = timestamp;
    if (this.#sparse) at = writeVarint(bytes, at, offsetDelta);
    const delta = timestamp - this.#baseTimestamp;
    at = writeVarint(bytes, at, delta >= 0 ? delta * 2 : -delta * 2 - 1);
    at = writeNullable(bytes, at, key);
    at = writeNullable(bytes, at, value);
    at = writeVarint(bytes, at, headers.length);
    for (const header of headers) {
      at = writeNullable(bytes, at, Buffer.from(header.key));
      at = writeNullable(bytes, at, header.value);
    }
    this.#size = at;
    this.#lastOffsetDelta = offsetDelta;
    this.count++;
  }

  /** The batch. The builder is not to be used after it. */
  finish(appendTime: number): Buffer {
    const bytes = this.#bytes;
    bytes[0] = VERSION;
    bytes[1] = this.#sparse ? SPARSE : 0;
    bytes.writeUInt32BE(this.count, 2);
    bytes.writeUInt32BE(this.#lastOffsetDelta, 6);
    bytes.writeDoubleBE(this.#baseTimestamp, 10);
    bytes.writeDoubleBE(appendTime, 18);
    return bytes.subarray(0, this.#size);
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafe(needed * 2);
    this.#bytes.copy(grown, 0, 0, this.#size);
    this.#bytes = grown;
  }
}

function writeNullable(bytes: Buffer, at: number, data: Uint8Array | null): number {
  if (data === null) {
    bytes[at] = 0;
    return at + 1;
  }
  const length = data.length;
  const start = writeVarint(bytes, at, length + 1);
  // Copying by hand beats a call into the runtime for the few bytes that keys and values mostly have.
  if (length < 48) for (let i = 0; i < length; i++) bytes[start + i] = data[i] as number;
  else bytes.set(data, start);
  return start + length;
}

/** What a batch's header says. */
export interface BatchHeader {
  readonly count: number;
  readonly lastOffset: number;
  readonly appendTime: number;
}

/** @throws LogError LOG_CORRUPT */
export function readBatchHeader(batch: Buffer, baseOffset: number): BatchHeader {
  if (batch.length < HEADER_BYTES || batch[0] !== VERSION) {
    throw new LogError('LOG_CORRUPT', `the batch at offset ${baseOffset} is not one: ${batch.length} bytes, version ${batch[0]}`);
  }
  return {
    count: batch.readUInt32BE(2),
    lastOffset: baseOffset + batch.readUInt32BE(6),
    appendTime: batch.readDoubleBE(18),
  };
}

/** Reads the records of a batch. */
export class BatchCursor implements RecordCursor {
  readonly nextOffset: number;
  offset: number;
  timestamp = 0;
  keyStart = -1;
  keyEnd = -1;
  valueStart = -1;
  valueEnd = -1;
  readonly #baseTimestamp: number;
  readonly #sparse: boolean;
  #remaining: number;
  #position = HEADER_BYTES;
  #headersAt = 0;
  #headerCount = 0;

  /** @throws LogError LOG_CORRUPT */
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly bytes: Buffer,
    readonly baseOffset: number,
  ) {
    const header = readBatchHeader(bytes, baseOffset);
    this.nextOffset = header.lastOffset + 1;
    this.offset = baseOffset - 1;
    this.#remaining = header.count;
    this.#sparse = bytes[1] === SPARSE;
    this.#baseTimestamp = bytes.readDoubleBE(10);
  }

  /** The cursor itself, standing before the first record at or after the offset. */
  skippedTo(offset: number): this {
    while (this.#remaining > 0) {
      const position = this.#position;
      this.next();
      if (this.offset < offset) continue;
      this.#position = position;
      this.#remaining++;
      this.offset--;
      break;
    }
    return this;
  }

  next(): boolean {
    if (this.#remaining === 0) return false;
    this.#remaining--;
    if (this.#sparse) this.offset = this.baseOffset + this.#varint();
    else this.offset++;
    const delta = this.#varint();
    this.timestamp = this.#baseTimestamp + (delta % 2 === 0 ? delta / 2 : -(delta + 1) / 2);
    const keyLength = this.#varint() - 1;
    if (keyLength < 0) {
      this.keyStart = -1;
    } else {
      this.keyStart = this.#position;
      this.#position += keyLength;
      this.keyEnd = this.#position;
    }
    const valueLength = this.#varint() - 1;
    if (valueLength < 0) {
      this.valueStart = -1;
    } else {
      this.valueStart = this.#position;
      this.#position += valueLength;
      this.valueEnd = this.#position;
    }
    this.#headerCount = this.#varint();
    this.#headersAt = this.#position;
    if (this.#headerCount > 0) this.#skipHeaders();
    if (this.#position > this.bytes.length) {
      throw new LogError('LOG_CORRUPT', `the batch of ${this.topic}-${this.partition} at offset ${this.baseOffset} is cut off`);
    }
    return true;
  }

  get headers(): Headers {
    if (this.#headerCount === 0) return NO_HEADERS;
    const position = this.#position;
    this.#position = this.#headersAt;
    const headers: Header[] = [];
    for (let i = 0; i < this.#headerCount; i++) {
      const key = this.#bytes().toString();
      headers.push({ key, value: Buffer.from(this.#bytes()) });
    }
    this.#position = position;
    return headers;
  }

  #skipHeaders(): void {
    for (let i = 0; i < 2 * this.#headerCount; i++) this.#position += this.#varint() - 1;
  }

  #bytes(): Buffer {
    const length = this.#varint() - 1;
    this.#position += length;
    return this.bytes.subarray(this.#position - length, this.#position);
  }

  #varint(): number {
    const bytes = this.bytes;
    let byte = bytes[this.#position++] as number;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 128;
    do {
      byte = bytes[this.#position++] as number;
      value += (byte & 0x7f) * scale;
      scale *= 128;
    } while (byte >= 0x80);
    return value;
  }
}
