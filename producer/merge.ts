import { setImmediate as macrotask } from 'node:timers/promises';
import type { ReadLine } from './line-reader.js';
import { LowestFirst } from './lowest-first.js';

/** How often an input without lines is asked again. */
const LOOK_EVERY_MS = 200;
/** How long others wait for a pipe that says nothing: its writer may be waiting for one of them to be read. */
const STALL_MS = 1000;

/** An input's lines, in the order in which it has them. */
export interface LineSource {
  /** No line is older, as far as its beginning tells. */
  readonly firstTime: number;
  /** Whether it may wait for someone, as a pipe does. */
  readonly mayStall: boolean;
  /** Gives an empty list where there is nothing now, and may be later. */
  lines(): AsyncGenerator<readonly ReadLine[]>;
}

/** Inputs that come while others are read. */
export interface Arrivals {
  /** So many inputs are open at a time at most; of more, their lines may come out of order. */
  readonly mostOpen: number;
  /** Whether there are some. */
  areThere(): boolean;
  /** Those that there are. All lines of those before have been handed on. */
  take(): Promise<readonly LineSource[]>;
}

/**
 * Merges the lines of several inputs by time: the order in which they are named does not matter. An input is opened when
 * the others have come to its first time. Undefined stands for nothing now: what came before it is not to be held back.
 */
export async function* merged(
  sources: readonly LineSource[],
  signal: AbortSignal,
  arrivals?: Arrivals,
): AsyncGenerator<readonly ReadLine[] | undefined> {
  /** The one to be opened next is the last. */
  const closed: { readonly source: LineSource; readonly index: number }[] = [];
  let count = 0;
  const add = (more: readonly LineSource[]) => {
    for (const source of more) closed.push({ source, index: count++ });
    closed.sort((one, other) => other.source.firstTime - one.source.firstTime || other.index - one.index);
  };
  add(sources);
  /** Those that are open: by their next lines, and those that are to be asked for one. */
  const heads = new LowestFirst<Reading>(isBefore);
  const asked = new Set<Reading>();
  /** Until one of them has answered, or for so long. */
  const waited = (ms: number) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      const over = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', over);
        resolve();
      };
      const timer = setTimeout(over, ms);
      signal.addEventListener('abort', over);
      for (const { pending } of asked) pending?.then(over);
    });
  try {
    while (!signal.aborted) {
      if (arrivals?.areThere()) {
        yield undefined;
        add(await arrivals.take());
      }
      const isWaiting = await filled(asked, heads);
      if (isWaiting) {
        yield undefined;
        await waited(STALL_MS);
        for (const reading of asked) reading.isStalled = reading.pending !== undefined;
        continue;
      }
      const lowest = heads.first;
      const open = heads.size + asked.size;
      const next = open < (arrivals?.mostOpen ?? Number.POSITIVE_INFINITY) ? closed.at(-1) : undefined;
      if (next !== undefined && (lowest === undefined || next.source.firstTime <= timeOf(lowest))) {
        closed.pop();
        asked.add(new Reading(next.source, next.index));
      } else if (lowest !== undefined) {
        heads.take();
        const limit = Math.min(next?.source.firstTime ?? Number.POSITIVE_INFINITY, timeOf(heads.first));
        const lines = take(lowest, limit);
        if (lowest.head === undefined) asked.add(lowest);
        else heads.add(lowest);
        yield lines;
      } else if (open === 0 && arrivals === undefined) {
        return;
      } else {
        yield undefined;
        await waited(LOOK_EVERY_MS);
      }
    }
  } finally {
    for (const reading of [...heads, ...asked]) await reading.close();
  }
}

class Reading {
  lines: readonly ReadLine[] = [];
  at = 0;
  isDone = false;
  /** When it is to be asked again. */
  askAt = 0;
  /** Nobody waits for what is pending. */
  isStalled = false;
  pending: Promise<void> | undefined;
  failure: unknown;
  readonly #iterator: AsyncGenerator<readonly ReadLine[]>;

  constructor(
    readonly source: LineSource,
    readonly index: number,
  ) {
    this.#iterator = source.lines();
  }

  get head(): ReadLine | undefined {
    return this.lines[this.at];
  }

  /** Asks for more; what comes stands in `lines`. */
  ask(): Promise<void> {
    this.pending ??= this.#iterator
      .next()
      .then(({ done, value }) => {
        this.isDone = done === true;
        this.lines = value ?? [];
        this.at = 0;
        this.askAt = this.lines.length === 0 ? performance.now() + LOOK_EVERY_MS : 0;
      })
      .catch((error: unknown) => {
        this.failure = error;
      })
      .finally(() => {
        this.pending = undefined;
        this.isStalled = false;
      });
    return this.pending;
  }

  async close(): Promise<void> {
    // One that waits for a pipe ends when the pipe is closed.
    if (this.pending === undefined) await this.#iterator.return(undefined);
  }
}

/** Asks those that have no line: what they answer puts them among the heads. @returns whether one has not answered yet */
async function filled(asked: Set<Reading>, heads: LowestFirst<Reading>): Promise<boolean> {
  let isWaiting = false;
  for (const reading of asked) {
    if (reading.failure !== undefined) throw reading.failure;
    if (reading.head === undefined && !reading.isDone && !reading.isStalled && reading.askAt <= performance.now()) {
      const answer = reading.ask();
      if (reading.source.mayStall) await Promise.race([answer, macrotask()]);
      else await answer;
      if (reading.failure !== undefined) throw reading.failure;
      if (reading.pending !== undefined) isWaiting = true;
    }
    if (reading.head === undefined && !reading.isDone) continue;
    asked.delete(reading);
    if (reading.head !== undefined) heads.add(reading);
  }
  return isWaiting;
}

function timeOf(reading: Reading | undefined): number {
  return reading?.head?.time ?? Number.POSITIVE_INFINITY;
}

/** Of equals the first input's. */
function isBefore(one: Reading, other: Reading): boolean {
  const difference = timeOf(one) - timeOf(other);
  return difference < 0 || (difference === 0 && one.index < other.index);
}

/** The input's lines up to where another goes on. */
function take(reading: Reading, limit: number): readonly ReadLine[] {
  const { at, lines } = reading;
  let end = at + 1;
  if (limit === Number.POSITIVE_INFINITY) end = lines.length;
  else while (end < lines.length && (lines[end] as ReadLine).time < limit) end++;
  reading.at = end;
  return at === 0 && end === lines.length ? lines : lines.slice(at, end);
}
