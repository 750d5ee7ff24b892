import { randomUUID } from 'node:crypto';
import { MACHINE, PREFIX_BYTES, prefixHash, type SourcePosition } from './source-position.js';
import { type Mark, RECENT_BYTES, shortHash } from './text-file.js';

/** A part of a text, and where it starts. */
export interface TextWindow {
  readonly bytes: Buffer;
  readonly offset: number;
}

/** A place in a text: after one of its lines. */
export interface Place extends Pick<SourcePosition, 'offset' | 'lines' | 'tail' | 'badTailBytes'> {
  readonly list?: string | undefined;
  readonly reached: number;
  readonly isEnd?: boolean;
  readonly window: TextWindow;
}

export interface ReadTextOptions {
  /** The file's path, or a pipe's. */
  readonly name: string;
  /** False for what cannot be read again. */
  readonly hasPositions: boolean;
  /** The first bytes of the text, as many as it has. */
  readonly head: Buffer;
  /** Which file it is; undefined where it is none. */
  readonly inode?: string;
  /** Given to its lines after its name. */
  readonly host?: string | undefined;
  /** Where it was left. */
  readonly known?: { readonly key: string; readonly position: SourcePosition } | undefined;
  /** What its compressed file is known by. */
  readonly packed?: string | undefined;
}

/** Keys of older versions are paths. */
const KEY = 'text:';

/** A text that is being read: what it is known by, and positions in it. */
export class ReadText {
  readonly name: string;
  readonly key: string;
  /** The key under which an older version had kept its position. */
  readonly oldKey: string | undefined;
  readonly #options: ReadTextOptions;
  #head: Buffer;
  readonly #marks: Mark[];

  constructor(options: ReadTextOptions) {
    const { head, known, name } = options;
    this.name = name;
    this.#options = options;
    this.#head = head;
    this.#marks = [...(known?.position.marks ?? [])];
    const isOld = known !== undefined && !known.key.startsWith(KEY);
    this.oldKey = isOld ? known.key : undefined;
    this.key = known === undefined || isOld ? `${KEY}${randomUUID()}` : known.key;
  }

  get hasPositions(): boolean {
    return this.#options.hasPositions;
  }

  get isPacked(): boolean {
    return this.#options.packed !== undefined;
  }

  /** The virtual host that its lines are given after its name. */
  get host(): string | undefined {
    return this.#options.host;
  }

  /** The first bytes of the text. */
  get head(): Buffer {
    return this.#head;
  }

  /** A log that has just been rotated is empty: what it is known by grows with it. */
  hasRead(piece: Buffer, offset: number): void {
    if (this.#head.length >= PREFIX_BYTES || offset > this.#head.length) return;
    this.#head = Buffer.concat([this.#head, piece.subarray(this.#head.length - offset)]).subarray(0, PREFIX_BYTES);
  }

  positionAfter({ badTailBytes, isEnd, lines, list, offset, reached, tail, window }: Place): SourcePosition {
    const { host, inode, packed } = this.#options;
    const mark = markAt(offset, window);
    const marks = mark === undefined ? [...this.#marks] : [...this.#marks, mark];
    // The further back, the fewer.
    if (mark !== undefined && offset >= 2 * (this.#marks.at(-1)?.offset ?? 0)) this.#marks.push(mark);
    return {
      prefixBytes: this.#head.length,
      prefixHash: prefixHash(this.#head),
      offset,
      lines,
      name: this.name,
      machine: MACHINE,
      at: Date.now(),
      marks,
      ...(reached < 0 ? {} : { time: reached }),
      ...(inode === undefined ? {} : { inode }),
      ...(host === undefined ? {} : { host }),
      ...(tail === undefined ? {} : { tail }),
      ...(list === undefined ? {} : { list }),
      ...(badTailBytes === undefined ? {} : { badTailBytes }),
      ...(isEnd === true && packed !== undefined ? { packed } : {}),
    };
  }
}

function markAt(offset: number, window: TextWindow): Mark | undefined {
  const end = offset - window.offset;
  const from = Math.max(0, end - RECENT_BYTES);
  if (end <= 0 || end > window.bytes.length) return undefined;
  return { offset, bytes: end - from, hash: shortHash(window.bytes.subarray(from, end)) };
}
