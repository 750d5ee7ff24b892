import { maskedMessage } from './message-pattern.js';

/**
 * Groups messages by their constant words, one message at a time: Drain (He, Zhu, Zheng and Lyu, ICWS 2017). Messages of as
 * many words that begin alike are compared word by word; those that are alike enough are of one pattern, in which the words
 * that differ become `<*>`.
 */

/** By the first word alone: the second is often a name, and messages with other names are of one pattern. */
const DEPTH = 1;
/** Of the constant words of a pattern, so many are the same in a message of it: two of three, not one of two. */
const MIN_ALIKE = 0.6;
const MAX_BRANCHES = 100;
const MAX_PATTERNS = 5_000;
const ANY = '<*>';

export interface MessagePattern<Line> {
  words: string[];
  count: number;
  /** The first that came of it. */
  readonly sample: Line;
  first: number;
  last: number;
}

export class Drain<Line> {
  readonly #leaves = new Map<string, MessagePattern<Line>[]>();
  readonly #branches = new Map<string, Set<string>>();
  readonly #patterns: MessagePattern<Line>[] = [];

  get patterns(): readonly MessagePattern<Line>[] {
    return this.#patterns;
  }

  add(message: string, time: number, line: Line): void {
    const words = maskedMessage(message)
      .split(/\s+/)
      .filter((word) => word !== '');
    const leaf = this.#leafOf(words);
    let best: MessagePattern<Line> | undefined;
    let bestAlike = -1;
    for (const pattern of leaf) {
      const alike = likeness(pattern.words, words);
      if (alike > bestAlike) {
        best = pattern;
        bestAlike = alike;
      }
    }
    if (best !== undefined && (bestAlike >= MIN_ALIKE || this.#patterns.length >= MAX_PATTERNS)) {
      best.words = best.words.map((word, index) => (word === words[index] ? word : ANY));
      best.count++;
      best.first = Math.min(best.first, time);
      best.last = Math.max(best.last, time);
      return;
    }
    const pattern = { words, count: 1, sample: line, first: time, last: time };
    leaf.push(pattern);
    this.#patterns.push(pattern);
  }

  /** Messages of as many words that begin with the same ones; where those are too many, or vary, they are one. */
  #leafOf(words: readonly string[]): MessagePattern<Line>[] {
    let path = String(words.length);
    for (let depth = 0; depth < Math.min(DEPTH, words.length); depth++) {
      const word = words[depth] ?? '';
      const branches = this.#branches.get(path) ?? new Set();
      this.#branches.set(path, branches);
      const isVariable = /[\d<]/.test(word) || (!branches.has(word) && branches.size >= MAX_BRANCHES);
      const branch = isVariable ? ANY : word;
      branches.add(branch);
      path += `\n${branch}`;
    }
    let leaf = this.#leaves.get(path);
    if (leaf === undefined) {
      leaf = [];
      this.#leaves.set(path, leaf);
    }
    return leaf;
  }
}

function likeness(pattern: readonly string[], words: readonly string[]): number {
  if (pattern.length === 0) return 1;
  let same = 0;
  for (const [index, word] of pattern.entries()) if (word === words[index] && word !== ANY) same++;
  const constants = pattern.filter((word) => word !== ANY).length;
  return constants === 0 ? 1 : same / constants;
}
