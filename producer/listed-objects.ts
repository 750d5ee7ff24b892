import { ObjectScanner } from './formats/object-scanner.js';

const MAX_OBJECT_BYTES = 1024 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

export interface ListedObject {
  /** Of one that is too long as many as show that it is. */
  readonly bytes: Buffer;
  readonly length: number;
  /** Where it ends in the piece. */
  readonly end: number;
}

/** Cuts a list in JSON into its objects, in whatever pieces it comes. What stands between them is taken for nothing. */
export class ListedObjects {
  readonly #scanner = new ObjectScanner();
  readonly #isOne: boolean;
  #open: Buffer[] = [];
  #openBytes = 0;
  #isOver = false;

  /** @param isOne the bracket that closes the list is the end; otherwise other lists may follow */
  constructor(isOne: boolean) {
    this.#isOne = isOne;
  }

  /** Whether an object has begun. */
  get isOpen(): boolean {
    return this.#scanner.isOpen;
  }

  /** The objects that end in this piece. */
  *push(piece: Buffer): Generator<ListedObject> {
    // A character for each byte: what JSON is made of is ASCII.
    const text = piece.toString('latin1');
    let at = 0;
    while (!this.#isOver) {
      let start = at;
      if (!this.isOpen) {
        start = text.indexOf('{', at);
        this.#isOver = this.#isOne && text.slice(at, start < 0 ? text.length : start).includes(']');
        if (start < 0 || this.#isOver) return;
      }
      const end = this.#scanner.endIn(text, start);
      if (end < 0) {
        this.#keep(piece.subarray(start));
        return;
      }
      yield { ...this.#take(piece.subarray(start, end)), end };
      at = end;
    }
  }

  /** What is left of an object that breaks off. */
  breakOff(): Omit<ListedObject, 'end'> {
    this.#scanner.reset();
    return this.#take(NOTHING);
  }

  #keep(part: Buffer): void {
    if (this.#openBytes <= MAX_OBJECT_BYTES) this.#open.push(Buffer.from(part));
    this.#openBytes += part.length;
  }

  #take(rest: Buffer): Omit<ListedObject, 'end'> {
    const length = this.#openBytes + rest.length;
    const bytes = Buffer.concat([...this.#open, rest]);
    this.#open = [];
    this.#openBytes = 0;
    return { bytes, length };
  }
}
