import { StringInterner } from './string-interner.js';

/** 3 MB: ten thousand clients' addresses are found 24 times of 25. */
const INTERNED_STRINGS = 65_536;

/** In one block, of items that take no bytes. */
const MAX_EMPTY_ITEMS = 65_536;

let interner: StringInterner | undefined;

/** Reads Avro's primitive types one after the other; what is cut off or out of range throws a RangeError. */
export class AvroCursor {
  position = 0;
  bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(this.bytes.buffer, 0, 0);
  #end = 0;
  readonly #strings: StringInterner;

  constructor() {
    interner ??= new StringInterner(INTERNED_STRINGS);
    this.#strings = interner;
  }

  /** Goes to `position`, to read no further than `end`. */
  moveTo(bytes: Buffer, position: number, end: number): void {
    // Records come in batches of one buffer; a view costs as much as a record.
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.position = position;
    this.#end = end;
  }

  readBoolean(): boolean {
    const byte = this.bytes[this.position++];
    if (byte === 0 || byte === 1) return byte === 1;
    throw new RangeError(`a boolean is 0 or 1, not ${byte === undefined ? 'cut off' : byte}`);
  }

  /** An int or a long: zigzag, seven bits a byte. */
  readLong(): number {
    const { bytes } = this;
    // Past the end of the buffer there is undefined, which counts as 0; that it was past the end is seen afterwards.
    let byte = bytes[this.position++] as number;
    let low = byte & 0x7f;
    if (byte > 0x7f) {
      byte = bytes[this.position++] as number;
      low |= (byte & 0x7f) << 7;
      if (byte > 0x7f) {
        byte = bytes[this.position++] as number;
        low |= (byte & 0x7f) << 14;
        if (byte > 0x7f) {
          byte = bytes[this.position++] as number;
          low |= (byte & 0x7f) << 21;
          if (byte > 0x7f) return this.#readLongAfter(low);
        }
      }
    }
    return (low >>> 1) ^ -(low & 1);
  }

  /** The rest of a long, after its lowest 28 bits. */
  #readLongAfter(low: number): number {
    let high = 0;
    let scale = 1;
    let byte: number;
    do {
      byte = this.bytes[this.position++] as number;
      high += (byte & 0x7f) * scale;
      scale *= 0x80;
    } while (byte > 0x7f);
    const half = (low >>> 1) + high * 2 ** 27;
    const value = (low & 1) === 1 ? -half - 1 : half;
    if (!Number.isSafeInteger(value)) throw new RangeError(`a long beyond 2^53 (about ${value}) has no exact number`);
    return value;
  }

  readFloat(): number {
    const at = this.#advance(4);
    return this.#view.getFloat32(at, true);
  }

  readDouble(): number {
    const at = this.#advance(8);
    return this.#view.getFloat64(at, true);
  }

  readString(): string {
    return this.readStringBy(this.#strings);
  }

  readStringBy(strings: StringInterner): string {
    const length = this.readLong();
    const at = this.#advance(length);
    return strings.read(this.bytes, this.#view, at, length);
  }

  /** The branch of a union of two types. */
  readBranch(): number {
    const branch = this.bytes[this.position++];
    if (branch === 0 || branch === 2) return branch >> 1;
    throw new RangeError(`a union of two types has no branch ${branch === undefined ? 'here' : `of code ${branch}`}`);
  }

  /** One of the symbols, by its place among them. */
  readSymbol(symbols: readonly string[]): string {
    const index = this.readLong();
    const symbol = symbols[index];
    if (symbol === undefined) throw new RangeError(`an enum of ${symbols.length} symbols has none of number ${index}`);
    return symbol;
  }

  /** Items in blocks, each with its count before it; a negative one has the block's bytes behind it. */
  readItems(readItem: () => unknown, minItemBytes: number): unknown[] {
    const items: unknown[] = [];
    for (let count = this.readCount(minItemBytes); count > 0; count = this.readCount(minItemBytes)) {
      for (; count > 0; count--) items.push(readItem());
    }
    return items;
  }

  /** The count of a block of an array or a map; 0 after the last. */
  readCount(minItemBytes: number): number {
    let count = this.readLong();
    if (count < 0) {
      count = -count;
      this.skipLong();
    }
    // Five bytes can announce any number of items, which nobody has sent.
    const most = minItemBytes === 0 ? MAX_EMPTY_ITEMS : (this.#end - this.position) / minItemBytes;
    if (count > most) throw this.#cutOff(`${count} items are announced`, this.position);
    return count;
  }

  skipBytes(length: number): void {
    this.#advance(length);
  }

  skipBoolean(): void {
    this.position++;
  }

  skipLong(): void {
    while ((this.bytes[this.position++] as number) > 0x7f);
  }

  skipFloat(): void {
    this.position += 4;
  }

  skipDouble(): void {
    this.position += 8;
  }

  skipString(): void {
    this.#advance(this.readLong());
  }

  /** @returns the position before */
  #advance(length: number): number {
    const at = this.position;
    if (length < 0 || at + length > this.#end) {
      if (length < 0 && at <= this.#end) throw new RangeError(`a length is 0 or more, not ${length}`);
      throw this.#cutOff(`${length} bytes are announced`, at);
    }
    this.position = at + length;
    return at;
  }

  /** Behind the end, what was announced was not read from the record: it says nothing. */
  #cutOff(announced: string, at: number): RangeError {
    const left = this.#end - at;
    return new RangeError(left < 0 ? 'it is cut off' : `it is cut off: ${announced} and ${left} bytes are left`);
  }
}
