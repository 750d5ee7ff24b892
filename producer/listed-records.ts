const MOST_HEAD_BYTES = 1024;
const MAX_RECORD_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LIST = /^\s*\[\s*\{/;
const MAYBE_LIST = /^\s*(?:\[\s*)?$/;
const END_OF_LINE = Buffer.from('\n');
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * A text in UTF-8 with a line for each record, where it is a list of objects in JSON, in one line or in many; any other as
 * it is. So a list of any size is read record by record.
 */
export async function* listedRecords(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head = NOTHING;
  let list: ListSplitter | undefined;
  let isDecided = false;
  for await (const piece of pieces) {
    let next = piece;
    if (!isDecided) {
      next = head.length === 0 ? piece : Buffer.concat([head, piece]);
      const start = next.toString('latin1', 0, MOST_HEAD_BYTES).replace(/^\xef\xbb\xbf/, '');
      if (next.length < MOST_HEAD_BYTES && MAYBE_LIST.test(start)) {
        head = next;
        continue;
      }
      isDecided = true;
      if (LIST.test(start)) list = new ListSplitter();
    }
    const text = list === undefined ? next : list.push(next);
    if (text.length > 0) yield text;
  }
  const rest = list?.end() ?? (isDecided ? NOTHING : head);
  if (rest.length > 0) yield rest;
}

/** Takes what stands between the objects for nothing. */
class ListSplitter {
  #depth = 0;
  #isText = false;
  #isEscaped = false;
  #open: Buffer[] = [];
  #openBytes = 0;

  push(piece: Buffer): Buffer {
    const out: Buffer[] = [];
    let start = this.#depth > 0 ? 0 : -1;
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at] ?? 0;
      if (byte === NEWLINE && this.#depth > 0) {
        // No text in JSON has a newline: the record is broken, and what follows is to be read all the same.
        if (this.#isText) {
          out.push(this.#take(piece.subarray(start, at)), END_OF_LINE);
          start = -1;
        } else piece[at] = SPACE;
        continue;
      }
      if (this.#isText) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === BACKSLASH) this.#isEscaped = true;
        else if (byte === QUOTE) this.#isText = false;
      } else if (byte === QUOTE) this.#isText = this.#depth > 0;
      else if (byte === OPEN_BRACE || (byte === OPEN_BRACKET && this.#depth > 0)) {
        if (this.#depth++ === 0) start = at;
      } else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && this.#depth > 0 && --this.#depth === 0) {
        out.push(this.#take(piece.subarray(start, at + 1)), END_OF_LINE);
        start = -1;
      }
    }
    if (start >= 0) this.#keep(piece.subarray(start));
    return Buffer.concat(out);
  }

  /** What is left of a record that breaks off. */
  end(): Buffer {
    return this.#take(NOTHING);
  }

  /** Of a record that is too long as much as shows that it is. */
  #keep(part: Buffer): void {
    if (this.#openBytes <= MAX_RECORD_BYTES) this.#open.push(Buffer.from(part));
    this.#openBytes += part.length;
  }

  #take(rest: Buffer): Buffer {
    const record = Buffer.concat([...this.#open, rest]);
    this.#open = [];
    this.#openBytes = 0;
    this.#depth = 0;
    this.#isText = false;
    this.#isEscaped = false;
    return record;
  }
}
