import type { Grammar } from './log-format-variables.js';

/** One variable of a format as it is looked for, and the text behind it. */
export interface Slot {
  readonly grammar: Grammar;
  readonly literal: string;
  /** What follows is nothing that the variable may hold: it can end in one place only. */
  readonly single: boolean;
}

/** How far a line fitted. */
export interface Reached {
  /** The variable that did not fit, or that something else than the format's text stands behind. */
  readonly slot: number;
  readonly column: number;
  /** The variable itself fitted. */
  readonly behind: boolean;
}

/**
 * Finds where the variables of a format are in a line: the first way that fits, in order of the ends of the first
 * variable, then of the second, and so on, the shorter or the longer first.
 *
 * The time grows with the line's length times the number of variables: where a variable was looked for in vain is
 * remembered. A run of characters that can end nowhere cannot from a later start either, and is not gone through again;
 * other variables are short.
 */
export class LineMatcher {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  reached: Reached = { slot: -1, column: 0, behind: false };
  readonly #slots: readonly Slot[];
  readonly #isLongestFirst: boolean;
  /** Of each run: it ends nowhere from any start between these. */
  readonly #deadFrom: Int32Array;
  readonly #deadTo: Int32Array;
  /** Of the others: from which starts, as `start * slots + slot`. */
  readonly #dead = new Set<number>();
  #line = '';
  /** Where the line ends, but for spaces behind it. */
  #end = 0;
  #isDirty = false;

  constructor(slots: readonly Slot[], { longestFirst = false }: { longestFirst?: boolean } = {}) {
    this.#slots = slots;
    this.#isLongestFirst = longestFirst;
    this.starts = new Int32Array(slots.length);
    this.ends = new Int32Array(slots.length);
    this.#deadFrom = new Int32Array(slots.length).fill(-1);
    this.#deadTo = new Int32Array(slots.length).fill(-1);
  }

  /** @param start where the first variable starts */
  match(line: string, start: number): boolean {
    if (this.#isDirty) this.#forget();
    this.#line = line;
    this.#end = line.trimEnd().length;
    this.reached = { slot: -1, column: 0, behind: false };
    return this.#from(0, start);
  }

  #forget(): void {
    this.#deadFrom.fill(-1);
    this.#deadTo.fill(-1);
    this.#dead.clear();
    this.#isDirty = false;
  }

  #from(index: number, start: number): boolean {
    const slot = this.#slots[index];
    if (slot === undefined) return start >= this.#end || this.#fails(index, start, true);
    this.starts[index] = start;
    const { grammar } = slot;
    if (grammar.kind === 'fixed') {
      const end = grammar.end(this.#line, start);
      return end < 0 ? this.#fails(index, start, false) : this.#isBehind(slot, index, end);
    }
    return this.#run(slot, grammar, index, start);
  }

  #isBehind(slot: Slot, index: number, end: number): boolean {
    const { literal } = slot;
    this.ends[index] = end;
    if (index === this.#slots.length - 1 && literal === '') {
      return end >= this.#end || this.#fails(index + 1, end, true);
    }
    if (!this.#line.startsWith(literal, end)) return this.#fails(index, end, true);
    return this.#from(index + 1, end + literal.length);
  }

  #run(slot: Slot, grammar: Extract<Grammar, { kind: 'run' }>, index: number, start: number): boolean {
    const line = this.#line;
    if (grammar.starts !== undefined && !grammar.starts(line, start)) return this.#isBehind(slot, index, start);
    const isShort = grammar.longest !== undefined;
    const key = start * this.#slots.length + index;
    if (isShort ? this.#dead.has(key) : start >= (this.#deadFrom[index] ?? 0) && start <= (this.#deadTo[index] ?? -1)) {
      return false;
    }
    const limit = Math.min(grammar.end(line, start), start + (grammar.longest ?? line.length));
    if (slot.single) {
      if (this.#isBehind(slot, index, limit)) return true;
    } else if (this.#isLongestFirst) {
      for (let end = limit; end >= start; end--) if (this.#tries(slot, grammar, index, start, end)) return true;
    } else {
      for (let end = start; end <= limit; end++) if (this.#tries(slot, grammar, index, start, end)) return true;
    }
    this.#isDirty = true;
    if (isShort) this.#dead.add(key);
    else if (this.#deadTo[index] === limit) this.#deadFrom[index] = Math.min(this.#deadFrom[index] ?? start, start);
    else {
      this.#deadFrom[index] = start;
      this.#deadTo[index] = limit;
    }
    return this.#fails(index, limit, limit > start);
  }

  #tries(
    slot: Slot,
    { accepts, ends }: Extract<Grammar, { kind: 'run' }>,
    index: number,
    start: number,
    end: number,
  ): boolean {
    const { literal } = slot;
    const line = this.#line;
    if (literal === '') {
      if (index === this.#slots.length - 1 && end < this.#end) return false;
    } else if (line.charCodeAt(end) !== literal.charCodeAt(0) || !line.startsWith(literal, end)) return false;
    if (ends !== undefined && end > start && !ends(line, end)) return false;
    if (accepts !== undefined && !accepts(line.slice(start, end))) return false;
    return this.#isBehind(slot, index, end);
  }

  /** Remembers the place that was got to, the furthest. */
  #fails(slot: number, column: number, behind: boolean): false {
    const { reached } = this;
    if (slot > reached.slot || (slot === reached.slot && column > reached.column)) {
      this.reached = { slot, column, behind };
    }
    return false;
  }
}
