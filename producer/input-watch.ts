import { type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { FollowedInput, type FollowedInputOptions, type FollowedOutcome } from './followed-input.js';
import { pathsNow } from './input-paths.js';
import { InputPlan, type LeftOut, type PlanOptions } from './input-plan.js';
import type { Arrivals } from './merge.js';
import type { InputOptions } from './open-text.js';
import { type FileState, inodeOf, isNamedCompressed, stateOf } from './rotation.js';
import type { Positions } from './source-position.js';

/** How often it is looked for files, and what share of the time that may take. */
const LOOK_EVERY_MS = 500;
const LOOK_SHARE = 0.05;
/** What compresses a file writes to it until it is done. */
const COMPRESSING_MS = 1000;
/** A file that has not been written to for so long is closed, and opened again when it is. */
const IDLE_MS = 300_000;
/** So many files keep what is found at their paths, whatever becomes of their names before they are read. */
const FEW_PATHS = 100;
const MOST_OPEN = 4096;
/** So many texts that were read to their ends, and messages, are kept in mind. */
const MOST_KEPT = 10_000;
/** How often it is looked which texts are still there. */
const COUNT_EVERY_MS = 3_600_000;

export interface InputWatchOptions extends InputOptions, Pick<PlanOptions, 'builderOf' | 'hostOf'> {
  /** As they are when it looks. */
  readonly positions: Positions;
  /** A format of its own, for what is looked at only. */
  readonly planFormat: PlanOptions['format'];
  /** A piece that is read, with so many files. */
  readonly pieceBytesOf: (files: number) => number;
  /** The beginnings of files have been looked at, and nothing in them is to count. */
  readonly onPlanned: () => void;
}

/** A file that is not read now, and what must change for it to be looked at again. */
interface Passed {
  readonly state: FileState;
  readonly heldBy?: LeftOut['heldBy'];
  /** The text that it has been read as. */
  readonly key?: string | undefined;
}

/**
 * The files that are followed: those that names mean now, and those that they will. A file that was closed, and one that
 * was passed over, is looked at again when it has changed, as all are at the start: what has been read of it is known by
 * what it holds.
 */
export class InputWatch implements Arrivals {
  readonly mostOpen = Math.min(MOST_OPEN, Math.floor(openFileLimit() / 2));
  readonly #names: readonly string[];
  readonly #options: InputWatchOptions;
  readonly #active = new Map<string, FollowedInput>();
  readonly #passed = new Map<string, Passed>();
  readonly #cut = new Set<string>();
  readonly #finished = new Set<string>();
  readonly #told = new Set<string>();
  #found: readonly string[] = [];
  #lookAt = 0;
  #hasLooked = false;
  /** What was found has been planned: all that is there is known. */
  #isPlanned = false;
  #countAt = 0;

  /** @param names of files, directories and patterns */
  constructor(names: readonly string[], options: InputWatchOptions) {
    this.#names = names;
    this.#options = options;
  }

  areThere(): boolean {
    const now = performance.now();
    if (now < this.#lookAt) return false;
    this.#found = this.#changed();
    const took = performance.now() - now;
    this.#lookAt = now + Math.max(LOOK_EVERY_MS, took / LOOK_SHARE);
    this.#hasLooked = true;
    this.#isPlanned = this.#found.length === 0;
    return this.#found.length > 0;
  }

  /** The keys of the texts that there are, at most once an hour; undefined in between. */
  seen(): ReadonlySet<string> | undefined {
    const now = performance.now();
    if (!this.#isPlanned || now < this.#countAt) return undefined;
    this.#countAt = now + COUNT_EVERY_MS;
    const seen = new Set<string>();
    for (const { key } of this.#passed.values()) if (key !== undefined) seen.add(key);
    for (const { texts } of this.#active.values()) for (const { text } of texts) seen.add(text.key);
    return seen;
  }

  async take(): Promise<FollowedInput[]> {
    const { builderOf, hostOf, planFormat, positions, warn } = this.#options;
    const plan = new InputPlan({
      ...{ builderOf, hostOf, positions, warn, format: planFormat },
      keepOpen: this.#found.length <= FEW_PATHS,
      findsBeginnings: this.#found.length + this.#active.size > 1,
      reading: {
        texts: [...this.#active.values()].flatMap(({ texts }) => texts),
        finished: this.#finished,
        wasCut: (path) => this.#cut.has(path),
      },
      onUnreadable: (path, error) => this.#tellUnreadable(path, error),
    });
    const planned = await plan.plan(this.#found);
    this.#options.onPlanned();
    for (const one of plan.leftOut) this.#pass(one);
    this.#isPlanned = true;
    const inputs = planned.map((input) => new FollowedInput(input, this.#inputOptions()));
    for (const input of inputs) {
      this.#active.set(input.path, input);
      this.#cut.delete(input.path);
    }
    return inputs;
  }

  /** Closes what was opened, and is not read. */
  async close(): Promise<void> {
    for (const input of this.#active.values()) await input.close();
  }

  #inputOptions(): FollowedInputOptions {
    const { pieceBytesOf, ...options } = this.#options;
    return {
      ...options,
      pieceBytes: pieceBytesOf(this.#active.size),
      idleMs: () => (this.#active.size > this.mostOpen ? 0 : IDLE_MS),
      onOver: (input, outcome) => this.#over(input, outcome),
    };
  }

  #over(input: FollowedInput, outcome: FollowedOutcome): void {
    this.#active.delete(input.path);
    if (outcome.kind === 'read') {
      this.#passed.set(input.path, { state: outcome.state, key: input.texts.at(-1)?.text.key });
    } else if (outcome.kind === 'cut') this.#cut.add(input.path);
    for (const { text } of input.texts) this.#finished.add(text.key);
    for (const key of this.#finished) {
      if (this.#finished.size <= MOST_KEPT) break;
      this.#finished.delete(key);
    }
  }

  #pass({ heldBy, isUnsure, key, path, stats }: LeftOut): void {
    if (!isUnsure) this.#passed.set(path, { state: stateOf(stats), heldBy, key });
  }

  /** What may have lines that have not been read. */
  #changed(): string[] {
    const paths = new Set(this.#names.flatMap((name) => this.#pathsOf(name)));
    for (const path of this.#passed.keys()) if (!paths.has(path)) this.#passed.delete(path);
    for (const path of this.#cut) if (!paths.has(path)) this.#cut.delete(path);
    const inodes = new Set<string>();
    for (const { texts } of this.#active.values()) for (const { stats } of texts) inodes.add(inodeOf(stats));
    const changed: string[] = [];
    for (const path of paths) {
      if (this.#active.has(path)) continue;
      const stats = statOf(path);
      if (stats?.isFile() && !inodes.has(inodeOf(stats)) && this.#hasChanged(path, stats)) changed.push(path);
    }
    return changed;
  }

  #hasChanged(path: string, stats: Stats): boolean {
    // What is in it is not known yet: it may be a copy that is being made.
    if (stats.size === 0) return false;
    if (isNamedCompressed(path) && this.#hasLooked && Date.now() - stats.mtimeMs < COMPRESSING_MS) return false;
    const passed = this.#passed.get(path);
    if (passed === undefined || passed.state !== stateOf(stats)) return true;
    return passed.heldBy !== undefined && !this.#isRead(passed.heldBy);
  }

  #isRead(text: NonNullable<LeftOut['heldBy']>): boolean {
    for (const { texts } of this.#active.values()) if (texts.some((planned) => planned.text === text)) return true;
    return false;
  }

  #pathsOf(name: string): readonly string[] {
    try {
      const paths = pathsNow(name).map((path) => resolve(path));
      if (paths.length === 0 && !this.#hasLooked) {
        this.#tell(`there is no file ${name} yet: it is read from its beginning when there is`);
      }
      return paths;
    } catch (error) {
      this.#tell(`${name} cannot be looked at: ${(error as Error).message}`);
      return [];
    }
  }

  #tellUnreadable(path: string, error: NodeJS.ErrnoException): void {
    const stats = statOf(path);
    // Deleted or renamed meanwhile.
    if (stats === undefined) return;
    this.#passed.set(path, { state: stateOf(stats) });
    this.#tell(`${path} cannot be read (${error.message}): the others are, and it is when it can be`);
  }

  #tell(message: string): void {
    if (this.#told.has(message)) return;
    if (this.#told.size >= MOST_KEPT) this.#told.clear();
    this.#told.add(message);
    this.#options.warn(message);
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** How many files this process may have open. */
function openFileLimit(): number {
  // It would look up the names of all that this process is connected to.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const limit = report.userLimits?.open_files?.soft;
  return typeof limit === 'number' ? limit : Number.POSITIVE_INFINITY;
}
