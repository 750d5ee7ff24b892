/** 1.04 / sqrt(REGISTERS): the standard error of the estimate, 3 %. */
const REGISTER_BITS = 10;
const REGISTERS = 1 << REGISTER_BITS;
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS);
const HEAD_BYTES = 2;
const ENTRY_BYTES = 3;

/**
 * How many different texts there were, such as sessions or clients, within some 3 %, from parts that can be merged:
 * HyperLogLog (Flajolet, Fusy, Gandouet and Meunier, "HyperLogLog: the analysis of a near-optimal cardinality estimation
 * algorithm", 2007), with linear counting while most registers are empty, where it is nearly exact.
 */
export class DistinctCount {
  readonly #registers = new Uint8Array(REGISTERS);
  /** Those that are not empty: most windows have few clients. */
  readonly #used: number[] = [];

  add(text: string): void {
    const hash = hashOf(text);
    // The first bits choose the register; it keeps the longest run of zeros that the others began with.
    this.#raise(hash >>> (32 - REGISTER_BITS), Math.clz32((hash << REGISTER_BITS) | (1 << (REGISTER_BITS - 1))) + 1);
  }

  addAll(other: DistinctCount): void {
    for (const register of other.#used) this.#raise(register, other.#run(register));
  }

  get estimate(): number {
    const empty = REGISTERS - this.#used.length;
    let sum = empty;
    for (const register of this.#used) sum += 2 ** -this.#run(register);
    const raw = (ALPHA * REGISTERS * REGISTERS) / sum;
    return Math.round(raw <= 2.5 * REGISTERS && empty > 0 ? REGISTERS * Math.log(REGISTERS / empty) : raw);
  }

  /** For whoever is shown it; it cannot be made of that again. */
  toJSON(): { readonly distinct: number } {
    return { distinct: this.estimate };
  }

  get byteLength(): number {
    return HEAD_BYTES + ENTRY_BYTES * this.#used.length;
  }

  /** Writes `byteLength` bytes. @returns where they end */
  write(bytes: Buffer, start: number): number {
    let at = bytes.writeUInt16BE(this.#used.length, start);
    for (const register of this.#used) {
      at = bytes.writeUInt8(this.#run(register), bytes.writeUInt16BE(register, at));
    }
    return at;
  }

  static read(bytes: Buffer, start: number): DistinctCount {
    const count = new DistinctCount();
    const end = start + HEAD_BYTES + ENTRY_BYTES * bytes.readUInt16BE(start);
    for (let at = start + HEAD_BYTES; at < end; at += ENTRY_BYTES) {
      count.#raise(bytes.readUInt16BE(at), bytes.readUInt8(at + 2));
    }
    return count;
  }

  #raise(register: number, run: number): void {
    const before = this.#run(register);
    if (before === 0) this.#used.push(register);
    if (run > before) this.#registers[register] = run;
  }

  #run(register: number): number {
    return this.#registers[register] as number;
  }
}

/** FNV-1a, finished as MurmurHash3 does, so that all bits depend on all characters. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
