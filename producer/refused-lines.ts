/** A line that could not be used. */
export interface RefusedLine {
  readonly source: string;
  /** Counted from 1; of a topic's record, its offset. */
  readonly line: number;
  /** Starts with a word that stays the same, and a colon. */
  readonly reason: string;
  /** How it begins. */
  readonly text: string;
}

const FIRST = 3;
const SHOWN_BYTES = 200;

/** Lines that could not be used: how many for each reason, and the first of them. */
export class RefusedLines {
  readonly first: RefusedLine[] = [];
  readonly #counts = new Map<string, number>();

  /** How many there were for each reason, the most frequent first. */
  get counts(): readonly (readonly [reason: string, count: number])[] {
    return [...this.#counts].sort(([, one], [, other]) => other - one);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  add(source: string, line: number, reason: string, bytes: Buffer): void {
    const [code = ''] = reason.split(':', 1);
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    if (this.first.length < FIRST) {
      this.first.push({ source, line, reason, text: bytes.toString('utf8', 0, SHOWN_BYTES) });
    }
  }
}
