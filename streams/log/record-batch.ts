import { crc32c } from '../leveldb/crc32c.js';
import { writeVarint } from '../serde/varint.js';
import { type Gap, type Header, type Headers, LogError, NO_HEADERS, type RecordCursor } from './log.js';

/**
 * A batch of records as bytes.
 *
 * Header: version (1 byte), flags (1 byte: 1 = sparse, 2 = its records were lost, 4 = deleted), number of records (4 bytes), last offset
 * less the first (4 bytes), base timestamp and time of the append (8-byte doubles), checksum (4 bytes), all big-endian. A
 * record is: in a sparse batch its offset less the batch's first (varint); timestamp less the base (zigzag varint); key and
 * value, each as its length plus 1 (varint, 0 is null) and bytes; the number of headers (varint), each as key and value with
 * their lengths.
 *
 * The checksum is the CRC-32C of the place where the batch is stored and of all its other bytes. Batches of version 1 have
 * none.
 */
const VERSION = 2;
const SPARSE = 1;
const LOST = 2;
const DELETED = 4;
const APPEND_TIME_AT = 18;
const CHECKSUM_AT = 26;
const HEADER_BYTES = 30;
const HEADER_BYTES_OF_VERSION_1 = 26;
/** So that the difference of two timestamps, as a zigzag, stays an exact integer. In milliseconds it is the year 73326. */
const MAX_TIMESTAMP = 2 ** 51;
/** What Kafka has for a record without a time: one whose time is none, such as NaN, is that record's fault alone. */
const NO_TIMESTAMP = -1;

/** A batch is closed when it has this many bytes or records, so that a reader's memory stays bounded. */
export const MAX_BATCH_BYTES = 1024 * 1024;
export const MAX_BATCH_RECORDS = 20_000;

export interface RecordBatchBuilderOptions {
  /** A sparse batch says the offset of each of its records: it has gaps, where compaction took records out. */
  readonly sparse?: boolean;
  /** How much memory to start with; it doubles as it is needed. */
  readonly initialBytes?: number;
}

/** Collects records into one batch, by copying them into one growing buffer. */
export class RecordBatchBuilder {
  count = 0;
  #bytes: Buffer;
  #size = HEADER_BYTES;
  #baseTimestamp = 0;
  #lastOffsetDelta = -1;
  readonly #sparse: boolean;

  constructor(options: RecordBatchBuilderOptions = {}) {
    this.#sparse = options.sparse ?? false;
    this.#bytes = Buffer.allocUnsafe(Math.max(HEADER_BYTES, options.initialBytes ?? 4096));
  }

  get sizeBytes(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= MAX_BATCH_BYTES || this.count >= MAX_BATCH_RECORDS;
  }

  /**
   * @param timestamp milliseconds since the epoch; a fraction is dropped
   * @param offsetDelta the record's offset less the batch's first; for sparse batches only
   * @throws RangeError when the timestamp is no number, or of another unit
   */
  append(
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: Headers = NO_HEADERS,
    offsetDelta = this.count,
  ): void {
    let needed = this.#size + 40 + (key === null ? 0 : key.length) + (value === null ? 0 : value.length);
    if (headers.length > 0) {
      for (const header of headers) needed += header.key.length * 3 + header.value.length + 16;
    }
    if (needed > this.#bytes.length) this.#grow(needed);
    const bytes = this.#bytes;
    let at = this.#size;
    const milliseconds = Math.floor(timestamp);
    if (!(milliseconds <= MAX_TIMESTAMP && milliseconds >= -MAX_TIMESTAMP)) {
      throw new RangeError(`a record's timestamp is ${timestamp}, which is not milliseconds since the epoch`);
    }
    if (this.count === 0) this.#baseTimestamp = milliseconds;
    const delta = milliseconds - this.#baseTimestamp;
    if (this.#sparse) at = writeVarint(bytes, at, offsetDelta);
    at = writeVarint(bytes, at, delta >= 0 ? delta * 2 : -delta * 2 - 1);
    at = writeNullable(bytes, at, key);
    at = writeNullable(bytes, at, value);
    at = writeVarint(bytes, at, headers.length);
    if (headers.length > 0) {
      for (const header of headers) {
        at = writeText(bytes, at, header.key);
        at = writeNullable(bytes, at, header.value);
      }
    }
    this.#size = at;
    this.#lastOffsetDelta = offsetDelta;
    this.count++;
  }

  /**
   * The batch, in the builder's own memory: copy or write it before `reset`. It is to be sealed.
   *
   * @param lastOffsetDelta where a sparse batch ends, when records are missing at its end
   */
  finish(lastOffsetDelta = this.#lastOffsetDelta): Buffer {
    const bytes = this.#bytes;
    bytes[0] = VERSION;
    bytes[1] = this.#sparse ? SPARSE : 0;
    bytes.writeUInt32BE(this.count, 2);
    bytes.writeUInt32BE(Math.max(0, lastOffsetDelta), 6);
    bytes.writeDoubleBE(this.#baseTimestamp, 10);
    bytes.fill(0, APPEND_TIME_AT, HEADER_BYTES);
    return bytes.subarray(0, this.#size);
  }

  /** Starts a new batch in the same memory. */
  reset(): void {
    this.count = 0;
    this.#size = HEADER_BYTES;
    this.#lastOffsetDelta = -1;
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

function writeText(bytes: Buffer, at: number, text: string): number {
  const start = writeVarint(bytes, at, Buffer.byteLength(text) + 1);
  return start + bytes.write(text, start);
}

/** An empty batch in the place of records that are gone, for readers to know. */
export function gapBatch(gap: Gap, records: number): Buffer {
  const bytes = new RecordBatchBuilder({ sparse: true }).finish(records - 1);
  bytes[1] = SPARSE | (gap === 'lost' ? LOST : DELETED);
  return bytes;
}

/** The most offsets that one batch may stand for. */
export const MAX_GAP_RECORDS = 2 ** 31;

/**
 * Says when a finished batch was appended, in milliseconds since the epoch, and makes its checksum.
 *
 * @param place the key under which it is stored
 */
export function sealBatch(batch: Buffer, place: Buffer, appendTime: number): void {
  batch.writeDoubleBE(appendTime, APPEND_TIME_AT);
  batch.writeUInt32BE(checksumOf(batch, place), CHECKSUM_AT);
}

/** Whether the batch is the one that was sealed for the place. */
export function isSealed(batch: Buffer, place: Buffer): boolean {
  return (
    batch.length >= HEADER_BYTES && batch[0] === VERSION && batch.readUInt32BE(CHECKSUM_AT) === checksumOf(batch, place)
  );
}

function checksumOf(batch: Buffer, place: Buffer): number {
  const head = crc32c(batch, 0, CHECKSUM_AT, crc32c(place));
  return crc32c(batch, HEADER_BYTES, batch.length, head);
}

/** What a batch's header says. */
export interface BatchHeader {
  readonly count: number;
  readonly sparse: boolean;
  /** Why it has no records. */
  readonly gap: Gap | undefined;
  readonly lastOffset: number;
  readonly baseTimestamp: number;
  readonly appendTime: number;
  readonly headerBytes: number;
}

/** @throws LogError LOG_CORRUPT */
export function readBatchHeader(batch: Buffer, baseOffset: number): BatchHeader {
  const [version, flags] = batch as unknown as readonly [number, number];
  const headerBytes = version === 1 ? HEADER_BYTES_OF_VERSION_1 : HEADER_BYTES;
  if (batch.length < headerBytes || (version !== 1 && version !== VERSION) || flags > (SPARSE | LOST | DELETED)) {
    const found = batch.length < headerBytes ? `${batch.length} bytes` : `version ${version}, flags ${flags}`;
    throw new LogError('LOG_CORRUPT', `what is stored at offset ${baseOffset} is no batch of records: ${found}`);
  }
  const header: BatchHeader = {
    count: batch.readUInt32BE(2),
    sparse: (flags & SPARSE) !== 0,
    gap: (flags & LOST) !== 0 ? 'lost' : (flags & DELETED) !== 0 ? 'deleted' : undefined,
    lastOffset: baseOffset + batch.readUInt32BE(6),
    baseTimestamp: batch.readDoubleBE(10),
    appendTime: batch.readDoubleBE(APPEND_TIME_AT),
    headerBytes,
  };
  const holds = header.lastOffset - baseOffset + 1;
  if (header.sparse ? header.count > holds : header.count !== holds) {
    throw new LogError(
      'LOG_CORRUPT',
      `the batch at offset ${baseOffset} says it has ${header.count} records in ${holds} offsets`,
    );
  }
  return header;
}

/** Reads the records of a batch. */
export class BatchCursor implements RecordCursor {
  readonly nextOffset: number;
  offset: number;
  timestamp = 0;
  /** The first time so far that is none; its record has -1 instead. */
  wrongTimestamp: number | undefined;
  keyStart = -1;
  keyEnd = -1;
  valueStart = -1;
  valueEnd = -1;
  readonly #baseTimestamp: number;
  readonly #sparse: boolean;
  readonly gap: Gap | undefined;
  #remaining: number;
  #position: number;
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
    this.#sparse = header.sparse;
    this.gap = header.gap;
    this.#position = header.headerBytes;
    this.#baseTimestamp = header.baseTimestamp;
  }

  /** How many records `next` will still move to. */
  get remaining(): number {
    return this.#remaining;
  }

  /** The cursor itself, standing before the first record at or after the offset. @throws LogError LOG_CORRUPT */
  skippedTo(offset: number): this {
    while (this.offset + 1 < offset && this.#remaining > 0) {
      const position = this.#position;
      const before = this.offset;
      this.next();
      if (this.offset < offset) continue;
      this.#position = position;
      this.#remaining++;
      this.offset = before;
      break;
    }
    return this;
  }

  /** @throws LogError LOG_CORRUPT */
  next(): boolean {
    if (this.#remaining === 0) return false;
    this.#remaining--;
    if (this.#sparse) this.#nextSparseOffset();
    else this.offset++;
    const delta = this.#varint();
    this.timestamp = this.#baseTimestamp + (delta % 2 === 0 ? delta / 2 : -(delta + 1) / 2);
    if (!(this.timestamp <= MAX_TIMESTAMP && this.timestamp >= -MAX_TIMESTAMP)) {
      this.wrongTimestamp ??= this.timestamp;
      this.timestamp = NO_TIMESTAMP;
    }
    const keyLength = this.#varint() - 1;
    if (keyLength < 0) {
      this.keyStart = -1;
      this.keyEnd = -1;
    } else {
      this.keyStart = this.#position;
      this.#position += keyLength;
      this.keyEnd = this.#position;
    }
    const valueLength = this.#varint() - 1;
    if (valueLength < 0) {
      this.valueStart = -1;
      this.valueEnd = -1;
    } else {
      this.valueStart = this.#position;
      this.#position += valueLength;
      this.valueEnd = this.#position;
    }
    this.#headerCount = this.#varint();
    this.#headersAt = this.#position;
    if (this.#headerCount > 0) this.#skipHeaders();
    // Reads past the end yield zeros, so that one check a record is enough.
    if (this.#position > this.bytes.length) throw this.#corrupt('is cut off');
    if (this.#remaining === 0 && this.#position !== this.bytes.length) throw this.#corrupt('goes on after its end');
    return true;
  }

  get keyBytes(): Buffer {
    return this.bytes;
  }

  get valueBytes(): Buffer {
    return this.bytes;
  }

  get headers(): Headers {
    if (this.#headerCount === 0) return NO_HEADERS;
    const position = this.#position;
    this.#position = this.#headersAt;
    const headers: Header[] = [];
    for (let i = 0; i < this.#headerCount; i++) {
      const key = this.#range().toString();
      headers.push({ key, value: Buffer.from(this.#range()) });
    }
    this.#position = position;
    return headers;
  }

  #nextSparseOffset(): void {
    const offset = this.baseOffset + this.#varint();
    if (offset <= this.offset || offset >= this.nextOffset) throw this.#corrupt(`has a record at offset ${offset}`);
    this.offset = offset;
  }

  #skipHeaders(): void {
    for (let i = 0; i < 2 * this.#headerCount; i++) {
      const length = this.#varint() - 1;
      this.#position += length;
      // Checked here as well: the number of headers may itself be nonsense.
      if (length < 0 || this.#position > this.bytes.length) throw this.#corrupt('is cut off');
    }
  }

  #range(): Buffer {
    const length = this.#varint() - 1;
    this.#position += length;
    return this.bytes.subarray(this.#position - length, this.#position);
  }

  #varint(): number {
    const bytes = this.bytes;
    let byte = bytes[this.#position++] as number;
    if (byte < 0x80) return byte;
    // Past the end of the bytes: the position says so, which `next` checks.
    if (byte === undefined) return 0;
    let value = byte & 0x7f;
    let scale = 128;
    do {
      byte = bytes[this.#position++] as number;
      value += (byte & 0x7f) * scale;
      scale *= 128;
    } while (byte >= 0x80 && scale <= 2 ** 56);
    return value;
  }

  #corrupt(what: string): LogError {
    this.#remaining = 0;
    return new LogError(
      'LOG_CORRUPT',
      `the batch of ${this.topic}-${this.partition} at offset ${this.baseOffset} ${what}`,
    );
  }
}

/**
 * Reads a batch that another process has made to its end.
 *
 * @returns how many records it has
 * @throws LogError LOG_CORRUPT when it is not whole, or not as `RecordBatchBuilder` makes it
 */
export function checkBatch(topic: string, partition: number, batch: Buffer): number {
  const refuse = (what: string) => new LogError('LOG_CORRUPT', `a batch for ${topic}-${partition} is refused: ${what}`);
  const { baseTimestamp, count, gap, sparse } = readBatchHeader(batch, 0);
  if (batch[0] !== VERSION) throw refuse(`it is of version ${batch[0]} instead of ${VERSION}`);
  if (sparse || gap !== undefined || count === 0) throw refuse('it has gaps, or no records');
  if (count > MAX_BATCH_RECORDS) throw refuse(`it has ${count} records; at most ${MAX_BATCH_RECORDS} are taken`);
  if (!Number.isInteger(baseTimestamp))
    throw refuse(`its first time is ${baseTimestamp}, which is not milliseconds since the epoch`);
  const cursor = new BatchCursor(topic, partition, batch, 0);
  while (cursor.next());
  if (cursor.wrongTimestamp !== undefined) {
    throw refuse(`a record has the time ${cursor.wrongTimestamp}, which is not milliseconds since the epoch`);
  }
  return count;
}
