import type { Stats } from 'node:fs';
import { basename } from 'node:path';
import type { EventBuilder } from './event-builder.js';
import type { LineFormat } from './formats/line-format.js';
import { LineReader } from './line-reader.js';
import { ReadText } from './read-text.js';
import { inodeOf, rotatedLogs } from './rotation.js';
import {
  type FileLook,
  type KnownPosition,
  KnownTexts,
  logName,
  type Positions,
  PREFIX_BYTES,
  type SourcePosition,
} from './source-position.js';
import { readable, TextFile } from './text-file.js';

/** How much of a text tells when it begins. */
const PEEK_BYTES = 64 * 1024;

/** A text that is to be read, and from where. */
export interface PlannedText {
  readonly path: string;
  /** Open already, where its name may change at any time. */
  readonly file: TextFile | undefined;
  readonly stats: Stats;
  readonly text: ReadText;
  readonly start: Pick<SourcePosition, 'offset' | 'lines' | 'tail' | 'badTailBytes' | 'list' | 'time'>;
}

/** An input, and the files that make it up, in their order: what was put aside since it was read last comes first. */
export interface PlannedInput {
  readonly path: string;
  readonly texts: readonly PlannedText[];
  /** No line is older, as far as the beginning tells; -1 when that is not known. */
  readonly firstTime: number;
}

export interface PlanOptions {
  /** Whether files are left open: those of logs that are written to. */
  readonly keepOpen: boolean;
  /** Whether it is found out when each begins, for they are merged with others. Default: where there are several. */
  readonly findsBeginnings?: boolean;
  readonly positions: Positions;
  readonly format: LineFormat;
  /** By the path of a text. */
  readonly builderOf: (path: string) => EventBuilder;
  readonly hostOf: (path: string) => string | undefined;
  readonly warn: (message: string) => void;
  /** What is going on while it is planned; nothing by default. */
  readonly reading?: Reading;
  /** Told of a file that cannot be read; by default it is an error. */
  readonly onUnreadable?: (path: string, error: NodeJS.ErrnoException) => void;
}

/** What is being read, and has been, by who plans more. */
export interface Reading {
  /** What is read at the moment. */
  readonly texts: readonly PlannedText[];
  /** The keys of texts that were read to their ends by this process. */
  readonly finished: ReadonlySet<string>;
  /** Whether the file at a path was seen to be cut: whatever it holds is new. */
  wasCut(path: string): boolean;
}

/** A file that is not read. */
export interface LeftOut {
  readonly path: string;
  readonly stats: Stats;
  /** The text that holds the same and is being read; there may be more in this one. */
  readonly heldBy: ReadText | undefined;
  /** It may be a copy that is being made. */
  readonly isUnsure: boolean;
  /** The key of its text, where that has been read before. */
  readonly key: string | undefined;
}

/** A file that was written to as recently may be a copy that is being made. */
const RECENT_MS = 1000;

/** What a file turned out to be. */
interface Examined extends PlannedText {
  readonly known: KnownPosition | undefined;
  /** Nothing in it is new, and nothing can come. */
  readonly isRead: boolean;
  /** It begins as one that has been read, and may be a copy that is being made. */
  readonly isUnsure: boolean;
  readonly host: string | undefined;
}

const NEW = { known: undefined, isRead: false, isUnsure: false } as const;

/**
 * Finds out what of the files is new: a text is known by what it holds, under whatever name, compressed or not. What two
 * files hold is read once.
 */
export class InputPlan {
  readonly #options: PlanOptions;
  readonly #known: KnownTexts;
  /** The paths that are to be read, by the keys of their positions. */
  readonly #claimed = new Map<string, string>();
  /** The keys of what has been found again, also where nothing in it is new. */
  readonly #found = new Set<string>();
  #fresh: Examined[] = [];
  /** What another holds, too, and more. */
  readonly #dropped = new Set<string>();
  readonly #inodes = new Set<string>();
  /** What is read at the moment, by key. */
  readonly #reading = new Map<string, ReadText>();
  readonly #leftOut: LeftOut[] = [];

  constructor(options: PlanOptions) {
    this.#options = options;
    this.#known = new KnownTexts(options.positions);
    for (const { stats, text } of options.reading?.texts ?? []) {
      this.#inodes.add(inodeOf(stats));
      this.#reading.set(text.key, text);
      this.#found.add(text.key);
    }
  }

  /** The keys of the texts that have been read before and are still there. */
  get found(): ReadonlySet<string> {
    return this.#found;
  }

  /** Those of the paths that are not read. */
  get leftOut(): readonly LeftOut[] {
    return this.#leftOut;
  }

  /** @param paths absolute */
  async plan(paths: readonly string[]): Promise<PlannedInput[]> {
    const { findsBeginnings = paths.length > 1, onUnreadable } = this.#options;
    const standing: { path: string; examined: Examined; isNew: boolean }[] = [];
    for (const path of paths) {
      const examined = await this.#examine(path, path).catch((error: unknown) => {
        if (onUnreadable === undefined) throw error;
        onUnreadable(path, error as NodeJS.ErrnoException);
      });
      if (examined === undefined) continue;
      const inode = inodeOf(examined.stats);
      const isNew = !this.#inodes.has(inode) && (await this.#claims(examined));
      this.#inodes.add(inode);
      standing.push({ path, examined, isNew });
    }
    const planned: PlannedInput[] = [];
    for (const { path, examined, isNew } of standing) {
      const before = await this.#putAside(path, examined);
      const isRead = isNew && !this.#dropped.has(path);
      if (!isRead) await examined.file?.close();
      if (!isRead) {
        const { isUnsure, stats } = examined;
        const key = examined.known?.key;
        this.#leftOut.push({ path, stats, heldBy: this.#holderOf(examined), isUnsure, key });
      }
      const texts = isRead ? [...before, examined] : before;
      const [first] = texts;
      if (first === undefined) continue;
      planned.push({ path, texts, firstTime: findsBeginnings ? await this.#firstTime(first) : -1 });
    }
    return planned;
  }

  /** @param name the input that the file is read for */
  async #examine(path: string, name: string): Promise<Examined> {
    const file = await TextFile.open(path);
    const { keepOpen } = this.#options;
    let isExamined = false;
    try {
      const head = await file.head(PREFIX_BYTES);
      const host = this.#options.hostOf(name);
      const inode = inodeOf(file.stats);
      const isNew = this.#options.reading?.wasCut(name) === true && path === name;
      const { isRead, isUnsure, known } = isNew ? NEW : await this.#recognised(file, head, { path, inode, host });
      const packed = file.compression === undefined ? undefined : await file.packed();
      isExamined = true;
      return {
        path,
        file: keepOpen ? file : undefined,
        stats: file.stats,
        text: new ReadText({ name, hasPositions: true, head, inode, host, known, packed }),
        start: known?.position ?? { offset: 0, lines: 0 },
        known,
        isRead,
        isUnsure,
        host,
      };
    } finally {
      if (!isExamined || !keepOpen) await file.close();
    }
  }

  async #recognised(
    file: TextFile,
    head: Buffer,
    look: FileLook,
  ): Promise<Pick<Examined, 'known' | 'isRead' | 'isUnsure'>> {
    const candidates = this.#known.beginningAs(head, look);
    if (file.compression !== undefined) {
      // Older versions knew a compressed file by its compressed bytes.
      const raw = await file.rawHead(PREFIX_BYTES);
      candidates.push(...this.#known.beginningAs(raw, look).filter(({ position }) => position.name === undefined));
      const packed = candidates.some(({ position }) => position.packed !== undefined) ? await file.packed() : undefined;
      const known = candidates.find(({ position }) => packed !== undefined && position.packed === packed);
      if (known !== undefined) return { known, isRead: true, isUnsure: false };
    }
    let isUnsure = false;
    for (const known of candidates) {
      const { marks = [], offset } = known.position;
      const found = await file.marks(marks);
      if (found.some((hash, index) => hash !== undefined && hash !== marks[index]?.hash)) continue;
      // A copy that was made before the rest was written.
      const isShorter = marks.length > 0 ? found.at(-1) === undefined : file.isPlain && file.stats.size < offset;
      if (isShorter && found[0] === undefined) {
        isUnsure ||= this.#options.reading !== undefined && Date.now() - file.stats.mtimeMs < RECENT_MS;
        continue;
      }
      return { known, isRead: isShorter, isUnsure: false };
    }
    return { known: undefined, isRead: false, isUnsure };
  }

  /** Whether nothing else that is read holds the same. */
  async #claims(examined: Examined): Promise<boolean> {
    const { isRead, known, path } = examined;
    if (known !== undefined) this.#found.add(known.key);
    if (isRead || examined.isUnsure || this.#holderOf(examined) !== undefined) return false;
    const before = known === undefined ? await this.#sameAs(examined) : this.#claimed.get(known.key);
    if (before !== undefined) {
      this.#options.warn(`${path} holds the same lines as ${before}: they are read once`);
      return false;
    }
    if (known === undefined) this.#fresh.push(examined);
    else this.#claimed.set(known.key, path);
    return true;
  }

  /** What is read at the moment and holds the same. Of what nothing has been handed on, only the beginning tells. */
  #holderOf({ host, known, path, text: { head } }: Examined): ReadText | undefined {
    if (known !== undefined) return this.#reading.get(known.key);
    if (this.#options.reading?.wasCut(path)) return undefined;
    for (const text of this.#reading.values()) {
      if (this.#options.positions.has(text.key) || text.host !== host) continue;
      const length = Math.min(head.length, text.head.length);
      if (length === 0 || (length < PREFIX_BYTES && logName(text.name) !== logName(path))) continue;
      if (head.compare(text.head, 0, length, 0, length) === 0) return text;
    }
    return undefined;
  }

  /** A text that is to be read and holds the same, or more; one that holds less is dropped. */
  async #sameAs(examined: Examined): Promise<string | undefined> {
    const { head } = examined.text;
    for (const other of this.#fresh) {
      const length = Math.min(head.length, other.text.head.length);
      // Two logs may well hold the same few lines.
      if (length === 0 || (length < PREFIX_BYTES && logName(other.path) !== logName(examined.path))) continue;
      if (other.host !== examined.host || head.compare(other.text.head, 0, length, 0, length) !== 0) continue;
      const shorter = await beginningOfTheOther(other.path, examined.path);
      if (shorter === examined.path) return other.path;
      if (shorter === undefined) continue;
      this.#options.warn(`${other.path} holds the same lines as ${examined.path}: they are read once`);
      this.#dropped.add(other.path);
      this.#fresh = this.#fresh.filter((one) => one !== other);
    }
    return undefined;
  }

  /**
   * Where another file stands at the path than the one that was read there last: the rest of that one, and of those that
   * were put aside since.
   */
  async #putAside(path: string, standing: Examined): Promise<PlannedText[]> {
    const left = this.#known.lastReadAs(path);
    if (left === undefined || this.#found.has(left.key)) return [];
    const aside = await this.#examinedAside(path);
    const found = aside.find(({ known }) => known?.key === left.key);
    const texts: PlannedText[] = [];
    for (const examined of aside) {
      // The one that was read last may be written to until its server has reopened its path.
      const { mtimeMs } = examined.stats;
      const isLater = found !== undefined && mtimeMs > found.stats.mtimeMs && mtimeMs <= standing.stats.mtimeMs;
      if ((examined === found || isLater) && (await this.#claims(examined))) texts.push(examined);
      else await examined.file?.close();
    }
    if (found === undefined && this.#options.reading?.finished.has(left.key) !== true) {
      this.#options.warn(
        `${path} is another file than the one that was read there before, to its byte ${left.position.offset}; that one ` +
          `is not beside it under a name that rotation gives (such as ${basename(path)}.1): what it had grown by is not read`,
      );
    }
    return texts;
  }

  /**
   * The logs that were put aside, in their order. Rotation gives other names to files between two looks at their folder:
   * it is looked at again until nothing has moved meanwhile.
   */
  async #examinedAside(path: string): Promise<Examined[]> {
    for (;;) {
      const examined: Examined[] = [];
      let isSettled = true;
      const inodes = async () => {
        const logs = (await rotatedLogs(path)).filter(({ stats }) => !this.#inodes.has(inodeOf(stats)));
        return new Map(logs.map((log) => [inodeOf(log.stats), log.path]));
      };
      const before = await inodes();
      for (const [inode, log] of before) {
        const one = await this.#examineIfReadable(log, path);
        if (one === undefined) continue;
        examined.push(one);
        if (inodeOf(one.stats) !== inode) isSettled = false;
      }
      const after = await inodes();
      if (isSettled && [...after.keys()].every((inode) => before.has(inode))) return examined;
      for (const { file } of examined) await file?.close();
    }
  }

  /** One that may not be read is none that has been read. */
  async #examineIfReadable(path: string, name: string): Promise<Examined | undefined> {
    return this.#examine(path, name).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES' || error.code === 'ENOENT') return undefined;
      throw error;
    });
  }

  /** Of a text that has been read in part, how far it had come. */
  async #firstTime({ path, start, text }: PlannedText): Promise<number> {
    if (start.offset > 0) return start.time ?? -1;
    const file = await TextFile.open(path);
    try {
      for await (const piece of readable(file.pieces(0, PEEK_BYTES, PEEK_BYTES))) {
        const { builderOf, format } = this.#options;
        const builder = builderOf(text.name);
        const beginning = piece.subarray(0, PEEK_BYTES);
        const reader = new LineReader({ file: text, start, before: Buffer.alloc(0), beginning, format, builder });
        const lines = [...reader.push(beginning), ...reader.flush()];
        const times = lines.flatMap(({ event }) => event?.timestamp ?? []);
        return times.length === 0 ? -1 : Math.min(...times);
      }
    } finally {
      await file.close();
    }
    return -1;
  }
}

/** The path of the text that is the beginning of the other; of two that are the same, the second's. */
async function beginningOfTheOther(one: string, other: string): Promise<string | undefined> {
  const files = [await TextFile.open(one), await TextFile.open(other)] as const;
  try {
    const [first, second] = files.map((file) => new Unread(readable(file.pieces(0)))) as [Unread, Unread];
    for (;;) {
      const [left, right] = [await first.bytes(), await second.bytes()];
      if (right === undefined) return other;
      if (left === undefined) return one;
      const length = Math.min(left.length, right.length);
      if (left.compare(right, 0, length, 0, length) !== 0) return undefined;
      first.pass(length);
      second.pass(length);
    }
  } finally {
    for (const file of files) await file.close();
  }
}

/** What is left to read of pieces. */
class Unread {
  readonly #pieces: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(pieces: AsyncIterable<Buffer>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** Some of it; undefined at the end. */
  async bytes(): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#pieces.next();
      if (done) return undefined;
      this.#rest = value;
    }
    return this.#rest;
  }

  pass(bytes: number): void {
    this.#rest = this.#rest.subarray(bytes);
  }
}
