/** Reads the numbers and texts of LevelDB's files. Whatever is cut off or too large is a RangeError. */
export class LevelVarints {
  #at = 0;

  constructor(readonly bytes: Buffer) {}

  get isAtEnd(): boolean {
    return this.#at >= this.bytes.length;
  }

  next(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes.readUInt8(this.#at++);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  take(length: number): Buffer {
    if (this.#at + length > this.bytes.length) throw new RangeError('a value is cut off');
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  /** Bytes that have their length before them. */
  text(): Buffer {
    return this.take(this.next());
  }
}
