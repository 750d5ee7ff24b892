import { realpath, stat } from 'node:fs/promises';
import { MACHINE, PREFIX_BYTES, type SourcePosition } from './source-position.js';

/** Keys of claims, beside those of positions. */
const KEY = 'reader:';

/** What a process says that it reads into the log: until it is deleted, or another has claimed the same. */
interface Claim {
  /** Names its transactions. */
  readonly writer: string;
  readonly items: readonly string[];
}

/** Another process that has claimed what this one claims. */
export interface Rival {
  readonly key: string;
  readonly writer: string;
  /** For people. */
  readonly name: string;
}

interface Other {
  readonly writer: string;
  readonly claimedAt: Map<string, number>;
}

/**
 * Who reads what. Of several that claim the same, the last one has it: the claims are records of one partition, and each
 * reader shuts out those that have claimed the same before it.
 */
export class InputClaims {
  readonly key: string;
  readonly #writer: string;
  /** Names, by item. */
  readonly #own = new Map<string, string>();
  /** Offsets, by item. */
  readonly #ownClaimedAt = new Map<string, number>();
  readonly #others = new Map<string, Other>();
  #isGone = false;

  constructor(id: string, writer: string) {
    this.key = `${KEY}${id}`;
    this.#writer = writer;
  }

  static isKey(key: string): boolean {
    return key.startsWith(KEY);
  }

  /** Whether the one who claimed this process's inputs has deleted its claim. */
  get isGone(): boolean {
    return this.#isGone;
  }

  get isEmpty(): boolean {
    return this.#own.size === 0;
  }

  /** Files, whatever they hold. A pipe, which two may well read, is none. */
  async addPaths(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      if (path === '-' || !(await stat(path).catch(() => undefined))?.isFile()) continue;
      this.#own.set(`path:${MACHINE}:${await realpath(path)}`, path);
    }
  }

  /** Texts, whatever their files are called. @returns whether there is a new one among them */
  addTexts(positions: Iterable<SourcePosition | null>): boolean {
    const before = this.#own.size;
    for (const position of positions) {
      // Two logs may well begin with the same few lines; and of a text that is only seen nothing is read.
      if (position === null || position.prefixBytes < PREFIX_BYTES || position.seen !== undefined) continue;
      const item = `text:${position.host ?? ''}:${position.prefixHash}`;
      if (!this.#own.has(item)) this.#own.set(item, position.name ?? 'a text');
    }
    return this.#own.size > before;
  }

  /** What the log is to be told. Where it was deleted, it begins anew. */
  value(): Buffer {
    if (this.#isGone) this.#ownClaimedAt.clear();
    this.#isGone = false;
    const claim: Claim = { writer: this.#writer, items: [...this.#own.keys()] };
    return Buffer.from(JSON.stringify(claim));
  }

  /** Takes a claim from the log, where they have their order. */
  note(key: string, value: string | undefined, offset: number): void {
    if (value === undefined) {
      this.#isGone ||= key === this.key;
      this.#others.delete(key);
      return;
    }
    const { items, writer } = JSON.parse(value) as Claim;
    const claimedAt = key === this.key ? this.#ownClaimedAt : (this.#others.get(key)?.claimedAt ?? new Map());
    for (const item of items) if (!claimedAt.has(item)) claimedAt.set(item, offset);
    if (key !== this.key) this.#others.set(key, { writer, claimedAt });
  }

  /** Who has claimed something before this process has. */
  earlier(): Rival[] {
    return this.#rivals((theirs, own) => theirs < own);
  }

  /** Who has claimed something after this process has. */
  later(): Rival[] {
    return this.#rivals((theirs, own) => theirs > own);
  }

  #rivals(is: (theirs: number, own: number) => boolean): Rival[] {
    const rivals: Rival[] = [];
    for (const [key, { claimedAt, writer }] of this.#others) {
      for (const [item, name] of this.#own) {
        const theirs = claimedAt.get(item);
        if (theirs === undefined || !is(theirs, this.#ownClaimedAt.get(item) ?? Number.POSITIVE_INFINITY)) continue;
        rivals.push({ key, writer, name });
        break;
      }
    }
    return rivals;
  }
}
