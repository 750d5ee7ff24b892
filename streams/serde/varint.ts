/** Unsigned LEB128 integers up to 2^53, as the engine's internal formats use them. */

/** Writes at most 8 bytes at `position` and returns the position after them. */
export function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  let rest = value;
  while (rest > 0x7fffffff) {
    bytes[position++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 0x7f) {
    bytes[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[position++] = rest;
  return position;
}

/** Reads integers one after the other. */
export class VarintReader {
  position = 0;

  constructor(readonly bytes: Uint8Array) {}

  next(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.bytes[this.position++];
      if (byte === undefined) throw new RangeError('a varint runs past the end of its buffer');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }
}
