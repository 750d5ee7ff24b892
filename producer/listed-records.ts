import { ListedObjects } from './listed-objects.js';

const MOST_HEAD_BYTES = 1024;
const NEWLINE = 0x0a;
const SPACE = 0x20;
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
  let list: ObjectLines | undefined;
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
      if (LIST.test(start)) list = new ObjectLines();
    }
    const text = list === undefined ? next : list.push(next);
    if (text.length > 0) yield text;
  }
  const rest = list?.end() ?? (isDecided ? NOTHING : head);
  if (rest.length > 0) yield rest;
}

/** Makes lines of the objects of lists. */
class ObjectLines {
  readonly #objects = new ListedObjects(false);

  push(piece: Buffer): Buffer {
    const out: Buffer[] = [];
    for (const { bytes } of this.#objects.push(piece)) out.push(inOneLine(bytes), END_OF_LINE);
    return Buffer.concat(out);
  }

  /** What is left of a record that breaks off. */
  end(): Buffer {
    return inOneLine(this.#objects.breakOff().bytes);
  }
}

function inOneLine(object: Buffer): Buffer {
  for (let at = object.indexOf(NEWLINE); at >= 0; at = object.indexOf(NEWLINE, at)) object[at] = SPACE;
  return object;
}
