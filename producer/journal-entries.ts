/** How each entry begins that `journalctl -o export` writes. */
export const ENTRY_BEGINS = Buffer.from('__CURSOR=');

const NEWLINE = 0x0a;
const EQUALS = 0x3d;
const NAME = /^[A-Z_][A-Z0-9_]{0,63}$/;
/** Behind the name of a field that is binary: the length of its value in bytes, in little-endian order. */
const LENGTH_BYTES = 8;
/** A longer value, such as a core dump, is left out. */
const MOST_VALUE_BYTES = 1024 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

export interface JournalEntry {
  /** As an object in JSON, of which a name that comes more than once has the first value. */
  readonly json: Buffer;
  /** How long the entry is, in bytes and in fields with the empty line behind them. */
  readonly bytes: number;
  readonly lines: number;
}

/**
 * Takes entries out of systemd's Journal Export Format (https://systemd.io/JOURNAL_EXPORT_FORMATS/), in whatever pieces it
 * comes: `NAME=value` lines; of values with newlines or control characters the name, a length and the bytes; and an empty
 * line.
 */
export class JournalEntries {
  #rest: Buffer = NOTHING;
  #fields: Record<string, string> = {};
  #bytes = 0;
  #lines = 0;
  /** How many bytes of a value that is left out are still to come. */
  #skip = 0;
  #isOver = false;

  /** Whether what comes next is none of it, and what of the last piece that is. */
  get over(): Buffer | undefined {
    return this.#isOver ? this.#rest : undefined;
  }

  /** How many bytes there are of an entry that is not whole. */
  get openBytes(): number {
    return this.#bytes + this.#rest.length;
  }

  /** The entries that end in this piece. */
  *push(piece: Buffer): Generator<JournalEntry> {
    this.#rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    while (!this.#isOver) {
      const taken = this.#field();
      if (taken === 0) break;
      this.#bytes += taken;
      const isBlank = taken === 1 && this.#skip === 0 && this.#rest[0] === NEWLINE;
      this.#rest = this.#rest.subarray(taken);
      if (isBlank) yield this.#take();
    }
    // A piece is kept no longer than it has to be.
    if (this.#rest.length > 0 && !this.#isOver) this.#rest = Buffer.from(this.#rest);
  }

  /** Reads the field that comes next. @returns how many bytes it has; 0 where more of it has to come */
  #field(): number {
    const rest = this.#rest;
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, rest.length);
      this.#skip -= skipped;
      return skipped;
    }
    const newline = rest.indexOf(NEWLINE);
    if (newline < 0) {
      this.#isOver = rest.length > MOST_VALUE_BYTES;
      return 0;
    }
    if (newline === 0) {
      this.#isOver = this.#bytes === 0;
      return this.#isOver ? 0 : 1;
    }
    const equals = rest.indexOf(EQUALS);
    const isText = equals >= 0 && equals < newline;
    const name = rest.toString('latin1', 0, isText ? equals : newline);
    if (!NAME.test(name)) {
      this.#isOver = true;
      return 0;
    }
    if (isText) {
      this.#add(name, rest.toString('utf8', equals + 1, newline));
      return newline + 1;
    }
    const start = newline + 1 + LENGTH_BYTES;
    if (rest.length < start) return 0;
    const length = Number(rest.readBigUInt64LE(newline + 1));
    if (length > MOST_VALUE_BYTES) {
      this.#skip = length + 1;
      this.#lines++;
      return start;
    }
    if (rest.length <= start + length) return 0;
    this.#add(name, rest.toString('utf8', start, start + length));
    return start + length + 1;
  }

  #add(name: string, value: string): void {
    this.#fields[name] ??= value;
    this.#lines++;
  }

  #take(): JournalEntry {
    const entry = { json: Buffer.from(JSON.stringify(this.#fields)), bytes: this.#bytes, lines: this.#lines + 1 };
    this.#fields = {};
    this.#bytes = 0;
    this.#lines = 0;
    return entry;
  }
}
